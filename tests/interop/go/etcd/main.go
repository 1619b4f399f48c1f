// etcd built from its server's module: main is as upstream's.
// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: the tidegate authors
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	etcdmain.Main(os.Args)
}
