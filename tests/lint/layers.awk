# layers.awk - checks the #include lines of files against layers.txt (the first file read).
# SPDX-License-Identifier: Apache-2.0
# Variable root: the path before "src/" and "ui/" in the names of the files, with its slash.

function fail(message) {
    printf "%s%s:%d: %s\n", root, path, FNR, message
    failed = 1
}

# Does path stand in the blank-separated list of places?
function is_in(path, places, list, count, i, place) {
    count = split(places, list, " ")
    for (i = 1; i <= count; i++) {
        place = list[i]
        if (place ~ /\*$/) {
            place = substr(place, 1, length(place) - 1)
        } else if (place !~ /\/$/ && place != path) {
            continue
        }
        if (index(path, place) == 1)
            return 1
    }
    return 0
}

function layer_of(path, layer) {
    for (layer in allowed)
        if (index(path, layer "/") == 1)
            return layer
    return ""
}

function check_own(name, to) {
    if (name == "config.h") {
        if (!is_in(path, edges))
            fail("config.h is for main and the command line only")
        return
    }
    to = layer_of(name ~ /^ui\// ? name : "src/" name)
    if (is_in(path, edges))
        return
    if (to == "")
        fail("\"" name "\" is no layer/file.h that a layer may include")
    else if (to != from && !is_in(to, allowed[from]))
        fail(from " must not include " to " (\"" name "\")")
}

function check_system(name, i) {
    for (i = 1; i <= fence_count; i++)
        if (index(name, fence_pattern[i]) == 1 && !is_in(path, fence_places[i]))
            fail("<" name "> belongs to " (fence_places[i] == "" ? "no file" : fence_places[i]))
}

FNR == NR {
    if ($0 ~ /^#/ || NF == 0)
        next
    rest = $0
    sub(/^[^:]*:?/, "", rest)
    sub(/^ +/, "", rest)
    if ($1 == "layer") {
        allowed[$2] = rest
    } else if ($1 == "edge") {
        rest = $0
        sub(/^edge +/, "", rest)
        edges = edges " " rest
    } else if ($1 == "fence") {
        fence_count++
        fence_pattern[fence_count] = $2
        fence_places[fence_count] = rest
    } else {
        printf "%s:%d: not a rule: %s\n", FILENAME, FNR, $0
        failed = 1
    }
    next
}

FNR == 1 {
    path = substr(FILENAME, length(root) + 1)
    from = layer_of(path)
    file_count++
    if (from == "" && !is_in(path, edges))
        fail("stands in no layer")
}

/^[ \t]*#[ \t]*include[ \t]*"/ {
    name = $0
    sub(/^[^"]*"/, "", name)
    sub(/".*/, "", name)
    check_own(name)
}

/^[ \t]*#[ \t]*include[ \t]*</ {
    name = $0
    sub(/^[^<]*</, "", name)
    sub(/>.*/, "", name)
    check_system(name)
}

END {
    if (file_count == 0) {
        print "layers: no file to check"
        failed = 1
    }
    exit failed
}
