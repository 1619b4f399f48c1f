#!/bin/bash
# interop/native.sh - do kubectl's commands look native? Each of them against a built world, with every kubectl found:
# its exit code, and whether the lines are there that kubectl's documentation shows (headers, columns, phrases).
#
# KUBECTLS names the kubectl programs (default: those that the Google Cloud SDK brings along, else the one on the PATH).
# Prints a table: version, command, exit code, ok or what was missing. Exit 0 when all is as documented.
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
set -u
top=${TOP_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
tidegate=${TIDEGATE:-$top/build/tidegate}
SPEED=${SPEED:-20}

found() {
    local bin
    bin=$(dirname "$(readlink -f "$(command -v gcloud || echo /nonexistent/x)")")
    for version in 1.27 1.30 1.33; do
        [ -x "$bin/kubectl.$version" ] && echo "$bin/kubectl.$version"
    done
}
KUBECTLS=${KUBECTLS:-$(found)}
KUBECTLS=${KUBECTLS:-$(command -v kubectl || true)}
if [ -z "$KUBECTLS" ]; then
    echo "native: not run: there is no kubectl"
    exit 0
fi
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT INT TERM
export HOME=$work
failures=0

# check COMMAND-LINE EXIT PATTERN...: runs it (in a shell, with k for kubectl), expects the exit code and a line for each
# pattern (extended expressions).
check() {
    local line=$1 expected=$2 pattern missing="" status shown=${1//$kubectl/kubectl}
    shown=${shown//$work\//}
    shift 2
    (eval "timeout 90 $line") >"$work/out" 2>&1 </dev/null
    status=$?
    for pattern in "$@"; do
        grep -qE -- "$pattern" "$work/out" || missing="$missing no /$pattern/;"
    done
    [ "$status" = "$expected" ] || missing="exit $status, not $expected;$missing"
    printf '%-5s %-70.70s %3s  %s\n' "$version" "$shown" "$status" "${missing:-ok}"
    if [ -n "$missing" ]; then
        failures=$((failures + 1))
        sed 's/^/      | /' "$work/out" | head -20
    fi
}

# Names of Events say when they came, so that lists show those of one object in that order.
in_order() {
    awk '{ object = $1; sub(/[.][^.]*$/, "", object) }
        object == last && $2 < time { print "disorder:", $0; exit 1 }
        { last = object; time = $2 }'
}

manifests() {
    cat >"$work/deployment.yaml" <<'YAML'
apiVersion: apps/v1
kind: Deployment
metadata: {name: shells}
spec:
  replicas: 2
  selector: {matchLabels: {app: shells}}
  template:
    metadata: {labels: {app: shells}}
    spec:
      containers:
      - {name: shell, image: curlimages/curl, command: [sleep, "36000"], resources: {requests: {cpu: 100m}}}
YAML
    sed 's/replicas: 2/replicas: 3/' "$work/deployment.yaml" >"$work/changed.yaml"
    cat >"$work/widgets.yaml" <<'YAML'
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {plural: widgets, kind: Widget}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    additionalPrinterColumns: [{name: Size, type: integer, jsonPath: .spec.size}]
    schema:
      openAPIV3Schema:
        {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}
YAML
    cat >"$work/daemon.yaml" <<'YAML'
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec:
      tolerations: [{operator: Exists}]
      containers:
      - {name: shell, image: curlimages/curl, command: [sleep, "36000"]}
YAML
    cat >"$work/scaler.yaml" <<'YAML'
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: gemma}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: vllm-gemma}
  minReplicas: 1
  maxReplicas: 2
  metrics:
  - type: Pods
    pods:
      metric: {name: autoscaling.gke.io|tpu-cache|tpu-cache}
      target: {type: AverageValue, averageValue: "0.6"}
YAML
    cat >"$work/volume.yaml" <<'YAML'
apiVersion: v1
kind: PersistentVolume
metadata: {name: bucket}
spec:
  accessModes: [ReadWriteMany]
  capacity: {storage: 5Gi}
  storageClassName: none
  mountOptions: [implicit-dirs]
  csi: {driver: gcsfuse.csi.storage.gke.io, volumeHandle: demo-4711-gemma-weights}
  claimRef: {name: bucket, namespace: default}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: bucket}
spec:
  accessModes: [ReadWriteMany]
  resources: {requests: {storage: 5Gi}}
  volumeName: bucket
  storageClassName: none
---
apiVersion: v1
kind: Pod
metadata: {name: reader, annotations: {gke-gcsfuse/volumes: "true"}}
spec:
  serviceAccountName: gemma-ksa
  containers:
  - name: shell
    image: curlimages/curl
    command: [sleep, "36000"]
    volumeMounts: [{name: bucket, mountPath: /data}]
  volumes: [{name: bucket, persistentVolumeClaim: {claimName: bucket}}]
YAML
    printf '#!/bin/sh\nsed -i "s/^  replicas: .*/  replicas: 4/" "$1"\n' >"$work/editor"
    chmod +x "$work/editor"
    printf 'apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: 3}\n' >"$work/widget.yaml"
}

reads() {
    check "$kubectl get pods" 0 '^NAME +READY +STATUS +RESTARTS +AGE$' '^vllm-gemma-\w+-\w+ +2/2 +Running +0 +[0-9]+m$'
    check "$kubectl get pods -o wide" 0 'NODE +NOMINATED NODE +READINESS GATES$' '<none> +<none>$'
    check "$kubectl get deploy,rs,svc,nodes,jobs" 0 'READY +UP-TO-DATE +AVAILABLE +AGE' 'DESIRED +CURRENT +READY' \
        'CLUSTER-IP +EXTERNAL-IP +PORT\(S\)' 'STATUS +ROLES +AGE +VERSION' 'STATUS +COMPLETIONS +DURATION|COMPLETIONS'
    check "$kubectl get endpoints,endpointslices" 0 '^NAME +ENDPOINTS +AGE' 'ADDRESSTYPE +PORTS +ENDPOINTS +AGE' ':8000'
    check "$kubectl get pods -l app=gemma-server -o jsonpath='{.items[0].status.phase}'" 0 '^Running$'
    check "$kubectl get events" 0 '^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE$'
    check "$kubectl events" 0 '^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE$' 'Scheduled +Pod/'
    check "$kubectl events --for pod/\$($kubectl get pods -o name | grep epp | cut -d/ -f2)" 0 'Pulling +Pod/gemma-pool-epp'
    check "$kubectl top pods" 0 '^NAME +CPU\(cores\) +MEMORY\(bytes\)' '^vllm-gemma-\S+ +[0-9]+m +[0-9]+Mi'
    check "$kubectl top pods --containers" 0 '^POD +NAME +CPU\(cores\) +MEMORY\(bytes\)' 'vllm-tpu +[0-9]+m'
    check "$kubectl top nodes" 0 '^NAME +CPU\(cores\) +CPU[%(]+\)? +MEMORY\(bytes\) +MEMORY' '[0-9]+m +[0-9]+% +[0-9]+Mi +[0-9]+%'
    check "$kubectl describe pod -l app=gemma-server" 0 '^Controlled By: +ReplicaSet/' '^ +State: +Running' \
        '^QoS Class: +Burstable' '^Node-Selectors: +cloud.google.com/gke-tpu-accelerator' '^Events: ' \
        '/var/run/secrets/kubernetes.io/serviceaccount from kube-api-access-' 'node.kubernetes.io/not-ready:NoExecute'
    check "$kubectl describe node" 0 '^Allocated resources:' '^ +google.com/tpu +4 +4' '^  Ready +True .* KubeletReady' \
        'AcquireTime: +[A-Z]'
    check "$kubectl describe deploy vllm-gemma" 0 'NewReplicaSet: +vllm-gemma-.*1/1 replicas created' \
        'Available +True +MinimumReplicasAvailable'
    check "$kubectl describe svc vllm-gemma-service" 0 '^Endpoints: +10\..*:8000' '^IP Families?: +IPv4'
    check "$kubectl describe svc kubernetes" 0 '^Endpoints: +10\.[0-9.]+:443$'
    check "$kubectl get endpoints,endpointslices kubernetes" 0 '^endpoints/kubernetes +10\.[0-9.]+:443 ' 'IPv4 +443 '
    check "$kubectl describe job model-downloader" 0 'batch.kubernetes.io/controller-uid=' '0 Active.*/ 1 Succeeded / 0 Failed'
    check "$kubectl describe gateway cross-region-gateway" 0 '^ +Type: +Programmed' 'gateway.finalizer.networking.gke.io'
    check "$kubectl explain pod.spec.containers" 0 'KIND: +Pod' 'image'
    check "$kubectl api-resources" 0 '^NAME +SHORTNAMES +APIVERSION +NAMESPACED +KIND$' 'inferencepools +infpool'
    check "$kubectl get crd" 0 '^NAME +CREATED AT$' 'gateways.gateway.networking.k8s.io'
    check "$kubectl auth can-i delete pods" 0 '^yes$'
    check "$kubectl --user viewer auth can-i delete pods" 1 '^no$'
    check "$kubectl --user viewer delete pod x" 1 'Error from server \(Forbidden\): pods "x" is forbidden: User "viewer@'
    check "$kubectl --user driller auth can-i patch deployments --subresource=scale" 0 '^yes$'
    check "$kubectl --user viewer auth can-i --list" 0 '^Resources +Non-Resource URLs +Resource Names +Verbs'
}

# What people try next: accounts, budgets, nodes, autoscalers, volumes.
next() {
    local node tpu token
    node=$($kubectl get nodes -o name | grep default-pool | cut -d/ -f2)
    tpu=$($kubectl get nodes -o name | grep tpu | cut -d/ -f2)
    check "$kubectl create token gemma-ksa" 0 '^[A-Za-z0-9_-]+[.][A-Za-z0-9_-]+[.][A-Za-z0-9_-]+$'
    check "$kubectl create token gemma-ksa --duration=1m" 1 'may not specify a duration less than 10 minutes$'
    check "$kubectl create token nobody" 1 'serviceaccounts "nobody" not found$'
    token=$($kubectl create token gemma-ksa)
    printf '%s' "$token" >"$work/token"
    cat >"$work/account.config" <<CONFIG
apiVersion: v1
kind: Config
current-context: c
clusters: [{name: c, cluster: {server: "$($kubectl config view --minify --raw -o jsonpath='{.clusters[0].cluster.server}')", certificate-authority: "$(dirname "$KUBECONFIG")/ca.pem"}}]
users: [{name: u, user: {tokenFile: $work/token}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
CONFIG
    check "$kubectl --kubeconfig $work/account.config get pods" 1 'User "system:serviceaccount:default:gemma-ksa" cannot list resource "pods" in API group "" in the namespace "default"$'
    check "$kubectl create rolebinding account-views --clusterrole=view --serviceaccount=default:gemma-ksa" 0 'created$'
    check "$kubectl --kubeconfig $work/account.config get pods" 0 '^vllm-gemma-'
    check "$kubectl --kubeconfig $work/account.config delete pod x" 1 'Forbidden'
    check "$kubectl auth can-i list pods --as=system:serviceaccount:default:gemma-ksa" 0 '^yes$'
    [ "$version" = 1.27 ] || check "$kubectl --kubeconfig $work/account.config auth whoami" 0 \
        '^Username +system:serviceaccount:default:gemma-ksa$' '\[system:serviceaccounts system:serviceaccounts:default'
    check "$kubectl apply -f $work/deployment.yaml" 0 '^deployment.apps/shells created$'
    check "$kubectl rollout status deploy/shells --timeout=60s" 0 'successfully rolled out$'
    check "$kubectl create pdb shells --selector=app=shells --min-available=2" 0 '^poddisruptionbudget.policy/shells created$'
    check "$kubectl get pdb" 0 '^NAME +MIN AVAILABLE +MAX UNAVAILABLE +ALLOWED DISRUPTIONS +AGE$' '^shells +2 +N/A +0 '
    check "$kubectl describe pdb shells" 0 '^Min available: +2$' '^ +Current: +2$'
    check "$kubectl cordon $node" 0 "^node/$node cordoned$"
    check "$kubectl get node $node" 0 'Ready,SchedulingDisabled'
    check "$kubectl describe node $node" 0 '^Taints: +node.kubernetes.io/unschedulable:NoSchedule$' '^Unschedulable: +true$'
    check "$kubectl drain $node --ignore-daemonsets --timeout=8s" 1 \
        "error when evicting pods/\"shells-\S+\" -n \"default\" \(will retry after 5s\): Cannot evict pod as it would violate the pod's disruption budget"
    check "$kubectl delete pdb shells" 0 'deleted'
    check "$kubectl drain $node --ignore-daemonsets --timeout=60s" 0 "^node/$node already cordoned$" '^pod/shells-\S+ evicted$' "^node/$node drained$"
    check "$kubectl get pods -l app=shells" 0 '0/1 +Pending'
    check "$kubectl uncordon $node" 0 "^node/$node uncordoned$"
    check "$kubectl wait --for=condition=available deploy/shells --timeout=60s" 0 'condition met$'
    check "$kubectl drain $tpu --ignore-daemonsets" 1 'cannot delete Pods with local storage \(use --delete-emptydir-data to override\): default/vllm-gemma-'
    check "$kubectl uncordon $tpu" 0 'uncordoned$'
    check "$kubectl taint node $node a=b:NoSchedule" 0 "^node/$node tainted$"
    check "$kubectl taint node $node a-" 0 "^node/$node untainted$"
    check "$kubectl apply -f $work/daemon.yaml" 0 '^daemonset.apps/agent created$'
    check "$kubectl rollout status ds/agent --timeout=60s" 0 'daemon set "agent" successfully rolled out$'
    check "$kubectl get ds" 0 '^agent +2 +2 +2 +2 +2 '
    check "$kubectl drain $node" 1 'cannot delete DaemonSet-managed Pods \(use --ignore-daemonsets to ignore\): default/agent-'
    check "$kubectl uncordon $node" 0 'uncordoned$'
    check "$kubectl delete ds agent" 0 'deleted'
    check "$kubectl autoscale deploy shells --min=3 --max=5 --cpu-percent=80" 0 '^horizontalpodautoscaler.autoscaling/shells autoscaled$'
    check "$kubectl wait --for=jsonpath='{.status.currentReplicas}'=3 hpa/shells --timeout=30s" 0 'condition met$'
    check "$kubectl get hpa" 0 '^NAME +REFERENCE +TARGETS +MINPODS +MAXPODS +REPLICAS +AGE$' '^shells +Deployment/shells +cpu: (<unknown>|[0-9]+%)/80% +3 +5 +3 '
    check "$kubectl describe hpa shells" 0 'SuccessfulRescale .* New size: 3; reason: Current number of replicas below Spec.MinReplicas' 'AbleToScale +True'
    check "$kubectl apply -f $work/scaler.yaml" 0 '^horizontalpodautoscaler.autoscaling/gemma created$'
    check "$kubectl wait --for=condition=ScalingActive hpa/gemma --timeout=80s" 0 'condition met$'
    check "$kubectl describe hpa gemma" 0 '"autoscaling.gke.io\|tpu-cache\|tpu-cache" on pods: +[0-9]+m? / 600m' 'ValidMetricFound'
    check "$kubectl delete hpa gemma shells" 0 'deleted'
    check "$kubectl get sc" 0 '^standard-rwo \(default\) +pd.csi.storage.gke.io +Delete +WaitForFirstConsumer +true'
    check "$kubectl apply -f $work/volume.yaml" 0 '^persistentvolume/bucket created$' '^persistentvolumeclaim/bucket created$' '^pod/reader created$'
    check "$kubectl wait --for=jsonpath='{.status.phase}'=Bound pvc/bucket --timeout=20s" 0 'condition met$'
    check "$kubectl get pv,pvc" 0 '^persistentvolume/bucket +5Gi +RWX +Retain +Bound +default/bucket +none ' '^persistentvolumeclaim/bucket +Bound +bucket +5Gi +RWX +none'
    check "$kubectl wait --for=condition=ready pod/reader --timeout=60s" 0 'condition met$'
    check "$kubectl exec reader -c shell -- ls /data" 0 '^config.json$'
    check "$kubectl describe pvc bucket" 0 '^Used By: +reader$'
    check "$kubectl cp $work/volume.yaml reader:/tmp/x -c shell" 1 'exec: "tar": executable file not found in \$PATH'
    check "$kubectl debug reader --image=busybox --target=shell -c once -- sh -c 'echo seen'" 0 'Targeting container "shell"'
    check "$kubectl wait --for=jsonpath='{.status.ephemeralContainerStatuses[0].state.terminated.exitCode}'=0 pod/reader --timeout=30s" 0 'condition met$'
    check "$kubectl logs reader -c once" 0 '^seen$'
    check "sh -c 'echo ls /; sleep 1; echo exit' | $kubectl debug reader --image=busybox -c shell-2 -i" 0 '^etc$' '^usr$'
    check "$kubectl describe pod reader" 0 '^Ephemeral Containers:' '^ +once:'
    check "$kubectl debug node/$node --image=busybox -- sleep 1" 0 '^Creating debugging pod node-debugger-'
    check "$kubectl delete pod reader --now" 0 'deleted'
    check "$kubectl delete pvc,pv bucket" 0 'persistentvolumeclaim "bucket" deleted' 'persistentvolume "bucket" deleted'
    check "$kubectl get deploy shells --subresource=scale" 0 '^NAME +DESIRED +AVAILABLE +AGE$' '^shells +3 +[0-9] '
    check "$kubectl patch deploy shells --subresource=scale --type=merge -p '{\"spec\":{\"replicas\":1}}'" 0 'shells patched$'
    check "$kubectl set image deploy/shells shell=curlimages/curl:8" 0 'image updated$'
    check "$kubectl annotate deploy/shells kubernetes.io/change-cause=newer" 0 'annotated?$'
    check "$kubectl rollout status deploy/shells --timeout=90s" 0 'successfully rolled out$'
    check "$kubectl rollout history deploy/shells" 0 '^1 +<none>$' '^2 +newer$'
    check "$kubectl rollout undo deploy/shells --to-revision=1" 0 'rolled back$'
    check "$kubectl rollout history deploy/shells" 0 '^2 +newer$' '^3 +<none>$'
    check "$kubectl rollout undo deploy/shells --to-revision=99" 1 'unable to find specified revision 99 in history$'
    check "$kubectl rollout pause deploy/shells" 0 'paused$'
    check "$kubectl describe deploy shells" 0 'Progressing +Unknown +DeploymentPaused'
    check "$kubectl rollout resume deploy/shells" 0 'resumed$'
    check "env EDITOR=$work/editor $kubectl edit deploy shells" 0 '^deployment.apps/shells edited$'
    check "$kubectl get deploy shells -o jsonpath='{.spec.replicas}'" 0 '^4$'
    check "$kubectl replace -f $work/deployment.yaml" 0 '^deployment.apps/shells replaced$'
    check "$kubectl get --raw /apis/policy/v1" 0 '"poddisruptionbudgets"'
    check "$kubectl explain hpa.spec.metrics" 0 'containerResource' 'KIND: +HorizontalPodAutoscaler'
    check "$kubectl explain pvc.spec.resources" 0 'requests'
    check "$kubectl delete deploy shells --cascade=orphan" 0 'deleted'
    check "$kubectl get rs -l app=shells" 0 '^shells-'
    check "$kubectl delete rs -l app=shells" 0 'deleted'
    check "$kubectl wait --for=delete pod -l app=shells --timeout=60s" 0
}

changes() {
    check "$kubectl apply -f $work/deployment.yaml" 0 '^deployment.apps/shells created$'
    check "$kubectl rollout status deploy/shells --timeout=60s" 0 'successfully rolled out$'
    check "$kubectl wait --for=condition=available deploy/shells --timeout=60s" 0 '^deployment.apps/shells condition met$'
    check "$kubectl wait --for=jsonpath='{.status.readyReplicas}'=2 deploy/shells --timeout=60s" 0 'condition met$'
    check "$kubectl wait --for=condition=ready pod -l app=none --timeout=2s" 1 'no matching resources found'
    check "$kubectl diff -f $work/deployment.yaml" 0
    check "$kubectl diff -f $work/changed.yaml" 1 '^-  replicas: 2$' '^\+  replicas: 3$'
    check "$kubectl apply -f $work/changed.yaml --dry-run=server" 0 'configured \(server dry run\)$'
    check "$kubectl apply -f $work/changed.yaml" 0 '^deployment.apps/shells configured$'
    check "$kubectl apply -f $work/changed.yaml" 0 '^deployment.apps/shells unchanged$'
    check "$kubectl apply --server-side --force-conflicts -f $work/changed.yaml" 0 '^deployment.apps/shells serverside-applied$'
    check "$kubectl scale deploy shells --replicas=1" 0 '^deployment.apps/shells scaled$'
    check "$kubectl apply --server-side --field-manager=other -f $work/changed.yaml" 1 'Apply failed with 1 conflict' \
        '^Please review the fields above'
    check "$kubectl set env deploy/shells A=b" 0 '^deployment.apps/shells env updated$'
    check "$kubectl rollout status deploy/shells --timeout=60s" 0 '^(Waiting for deployment|deployment "shells" successfully)'
    check "$kubectl rollout history deploy/shells" 0 '^REVISION +CHANGE-CAUSE' '^2 +<none>'
    check "$kubectl rollout undo deploy/shells" 0 '^deployment.apps/shells rolled back$'
    check "$kubectl rollout restart deploy/shells" 0 '^deployment.apps/shells restarted$'
    check "$kubectl label deploy shells tier=x" 0 '^deployment.apps/shells labeled$'
    check "$kubectl annotate deploy shells note=x" 0 '^deployment.apps/shells annotated?$'
    check "$kubectl apply -f $work/widgets.yaml" 0 'widgets.example.com created$'
    check "$kubectl wait --for=condition=established crd/widgets.example.com --timeout=20s" 0 'condition met$'
    check "$kubectl apply -f $work/widget.yaml" 0 '^widget.example.com/w created$'
    check "$kubectl get widgets" 0 '^NAME +SIZE$' '^w +3$'
    check "$kubectl delete crd widgets.example.com" 0 'deleted'
    check "$kubectl delete deploy shells --cascade=foreground" 0 '^deployment.apps "shells" deleted'
    check "$kubectl get pods -l app=shells" 0 'No resources found'
}

streams() {
    local pod
    pod=$($kubectl get pods -l app=gemma-server -o jsonpath='{.items[0].metadata.name}')
    check "$kubectl logs deploy/vllm-gemma -c vllm-tpu --tail=3" 0 'Application startup complete'
    check "$kubectl logs $pod" 0 'Defaulted container "vllm-tpu" out of: vllm-tpu, gke-gcsfuse-sidecar \(init\)'
    check "$kubectl logs $pod -c vllm-tpu --timestamps --tail=1" 0 '^20[0-9-]+T[0-9:.]+Z .'
    check "$kubectl logs $pod -c nothing" 1 'container nothing is not valid for pod'
    check "$kubectl logs job/model-downloader" 0 'Download complete! Safe to proceed.'
    check "$kubectl run tool --image=curlimages/curl --restart=Never -- sh -c 'echo 1; sleep 30; echo 2; sleep 30; echo 8'" 0 '^pod/tool created$'
    check "$kubectl wait --for=condition=ready pod/tool --timeout=60s" 0 '^pod/tool condition met$'
    check "$kubectl logs -f tool" 0 '^1$' '^8$'
    check "$kubectl wait --for=jsonpath='{.status.phase}'=Succeeded pod/tool --timeout=60s" 0 'condition met$'
    check "$kubectl get pod tool" 0 '^tool +0/1 +Completed +0'
    check "$kubectl delete pod tool" 0 '^pod "tool" deleted'
    check "$kubectl exec $pod -c vllm-tpu -- ls /sys/class/net" 0 '^eth0$' '^eth1$' '^eth2$' '^lo$'
    check "$kubectl exec $pod -c vllm-tpu -- sh -c 'exit 7'" 7 'command terminated with exit code 7'
    check "$kubectl exec $pod -c vllm-tpu -- nothing" 1 'exec: "nothing": executable file not found in \$PATH'
    check "echo hello | $kubectl exec -i $pod -c vllm-tpu -- cat" 0 '^hello$'
    : >"$work/forward"
    $kubectl port-forward "$pod" :8000 >"$work/forward" 2>&1 &
    local forward=$!
    for _ in $(seq 50); do
        grep -q Forwarding "$work/forward" && break
        sleep 0.1
    done
    port=$(sed -n 's/Forwarding from 127.0.0.1:\([0-9]*\) -> 8000/\1/p' "$work/forward")
    check "cat $work/forward" 0 '^Forwarding from 127.0.0.1:[0-9]+ -> 8000$'
    check "curl -s http://127.0.0.1:$port/v1/models" 0 '"id": ?"/data/gemma-weights"'
    check "curl -sN http://127.0.0.1:$port/v1/chat/completions -H 'Content-Type: application/json' -d '{\"model\":\"/data/gemma-weights\",\"stream\":true,\"stream_options\":{\"include_usage\":true},\"messages\":[{\"role\":\"user\",\"content\":\"What is the capital of France?\"}]}'" \
        0 '^data: .*"delta"' '"usage":' '^data: \[DONE\]' 'Paris'
    kill $forward
    wait $forward 2>/dev/null
    $kubectl get pods -w >"$work/watch" 2>&1 &
    local watch=$!
    sleep 0.5
    check "$kubectl delete pod $pod --wait=false" 0 "^pod \"$pod\" deleted"
    check "$kubectl rollout status deploy/vllm-gemma --timeout=60s" 0 'successfully rolled out$'
    sleep 1
    kill $watch
    wait $watch 2>/dev/null
    check "$kubectl get events -o jsonpath='{range .items[*]}{.metadata.name} {.firstTimestamp}{\"\\n\"}{end}' | in_order" 0
    check "cat $work/watch" 0 '^NAME +READY +STATUS +RESTARTS +AGE$' "^$pod +2/2 +Terminating" \
        "^$pod +0/2 +Completed" ' 0/2 +Pending' \
        '0/2 +(Init:0/1|ContainerCreating|PodInitializing)' '2/2 +Running'
}

manifests
printf '%-5s %-70s %3s  %s\n' with command "" result
for kubectl in $KUBECTLS; do
    version=$($kubectl version --client -o json | sed -n 's/.*"gitVersion": "v\([0-9]*\.[0-9]*\).*/\1/p')
    "$tidegate" sim --dir "$work/world-$version" --built --speed "$SPEED" >"$work/ready" &
    world=$!
    for _ in $(seq 100); do
        grep -q ready "$work/ready" && break
        sleep 0.1
    done
    export KUBECONFIG=$work/world-$version/kubeconfig
    reads
    changes
    streams
    next
    kill $world
    wait $world 2>/dev/null
    rm -rf "$work/.kube" "$work/ready"
done
[ $failures = 0 ] && echo "native: all as documented" || echo "native: $failures not as documented"
[ $failures = 0 ]
