# tidy.awk - the house rules on the text of C files; reads files by their path from the root.
# SPDX-License-Identifier: Apache-2.0

function fail(message, line) {
    printf "%s:%d: %s\n", path, line == 0 ? FNR : line, message
    failed = 1
}

function starts_with(text, start) {
    return index(text, start) == 1
}

# Calls of the line must not be spelled out in comments or text: blanks both.
function code_of(line, out, start) {
    out = ""
    while (line != "") {
        if (in_comment) {
            start = index(line, "*/")
            if (start == 0)
                return out
            line = substr(line, start + 2)
            in_comment = 0
            continue
        }
        if (!match(line, /"([^"\\]|\\.)*"|'([^'\\]|\\.)*'|\/\*|\/\//))
            return out line
        out = out substr(line, 1, RSTART - 1) " "
        start = substr(line, RSTART, 2)
        line = substr(line, RSTART + RLENGTH)
        if (start == "/*")
            in_comment = 1
        else if (start == "//")
            return out
    }
    return out
}

# What file may call name? "" when it may not.
function is_allowed(name) {
    if (name in never)
        return 0
    if (name == "getenv")
        return path ~ /^src\/(main|loop|cli|command[^\/]*)\.c$/ || starts_with(path, "src/io/")
    return starts_with(path, "src/io/") || path == "src/sim/server.c"
}

function check_calls(code, name, before) {
    while (match(code, /[A-Za-z_][A-Za-z0-9_]*[ ]*\(/)) {
        before = RSTART > 1 ? substr(code, RSTART - 1, 1) : " "
        name = substr(code, RSTART, RLENGTH - 1)
        code = substr(code, RSTART + RLENGTH)
        sub(/ +$/, "", name)
        # A member of that name is somebody else's.
        if (before !~ /[.>A-Za-z0-9_]/ && (name in banned) && !is_allowed(name))
            fail(name "() is banned here")
    }
}

function end_of_file() {
    if (path == "")
        return
    if (line_count > 800)
        fail("the file has " line_count " lines; at most 800", line_count)
    if (spdx_license == 0)
        fail("the SPDX-License-Identifier line is missing", 1)
    if (spdx_text == 0)
        fail("the SPDX-FileCopyrightText line is missing", 1)
    if (last_line ~ /^[ \t]*$/)
        fail("blank line at the end of the file", line_count)
}

function begin_file(want) {
    end_of_file()
    path = FILENAME
    sub(/^\.\//, "", path)
    is_test = starts_with(path, "tests/")
    is_c = path ~ /\.[ch]$/
    in_comment = 0
    function_start = 0
    spdx_license = spdx_text = is_c ? 0 : 1
    file_count++
    want = path
    sub(/^(src|tests)\//, "", want)
    if (!starts_with($0, "/* " want " - ") && !starts_with($0, "/* " path " - "))
        fail("the first line must be: /* " want " - what it is")
}

BEGIN {
    count = split("strtok sprintf vsprintf strcpy strcat gets atoi atol localtime rand srand random system popen", list, " ")
    for (i = 1; i <= count; i++)
        banned[list[i]] = never[list[i]] = 1
    count = split("time clock_gettime gettimeofday getenv usleep sleep nanosleep", list, " ")
    for (i = 1; i <= count; i++)
        banned[list[i]] = 1
}

FNR == 1 { begin_file() }

{
    line_count = FNR
    last_line = $0
}

/[ \t]$/ { fail("trailing space") }

/\t/ && is_c { fail("tab; indent by four spaces") }

/(^|[^A-Za-z0-9_])(TODO|FIXME|XXX)([^A-Za-z0-9_]|$)/ { fail("unfinished work is an issue, not a mark") }

/SPDX-License-Identifier: / { spdx_license = 1 }

/SPDX-FileCopyrightText: / { spdx_text = 1 }

is_c {
    wide = $0
    gsub(/[\200-\277]/, "", wide)
    if (length(wide) > 120)
        fail("the line has " length(wide) " columns; at most 120")
    code = code_of($0)
    if (!is_test)
        check_calls(code)
    if (code ~ /(^|[^A-Za-z0-9_])typedef +(struct|union|enum)([^A-Za-z0-9_]|$)/)
        fail("structs are never typedef'd")
    if (code ~ /__attribute__ *\( *\( *(__)?(constructor|destructor)/)
        fail("nothing runs before or after main")
}

/^\{/ && is_c {
    function_start = FNR
    function_max = 70
}

/tidy: table/ { function_max = 120 }

/^\}/ && is_c && function_start > 0 {
    len = FNR - function_start + 1
    if (len > function_max)
        fail("the function has " len " lines; at most " function_max, function_start)
    function_start = 0
}

END {
    end_of_file()
    if (file_count == 0) {
        print "tidy: no file to check"
        failed = 1
    }
    exit failed
}
