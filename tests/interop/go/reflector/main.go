// reflector keeps a store of Pods by client-go's own reflector. On each line of standard input it
// prints what the store holds: one line "namespace/name resourceVersion" for each Pod, then "end".
//
// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: the tidegate authors
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"sort"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

func main() {
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if len(os.Args) > 2 {
		config.ContentType = os.Args[2]
	}
	client := kubernetes.NewForConfigOrDie(config)
	source := cache.NewListWatchFromClient(client.CoreV1().RESTClient(), "pods", "", fields.Everything())
	store := cache.NewStore(cache.MetaNamespaceKeyFunc)
	reflector := cache.NewReflector(source, &v1.Pod{}, store, 0)
	go reflector.Run(context.Background().Done())
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		lines := []string{}
		for _, item := range store.List() {
			pod := item.(*v1.Pod)
			lines = append(lines, pod.Namespace+"/"+pod.Name+" "+pod.ResourceVersion)
		}
		sort.Strings(lines)
		for _, line := range lines {
			fmt.Println(line)
		}
		fmt.Println("end")
	}
}
