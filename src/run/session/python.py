import os
import sys
import traceback


def serve(folder):
    names = {"__name__": "__main__", "__builtins__": __builtins__}
    extras = {}
    null = os.open(os.devnull, os.O_RDWR)
    own = os.getpid()
    while True:
        with open(folder + "/in", encoding="ascii") as requests:
            line = requests.readline()
        if not line:
            return
        step, output, request = line.split()
        if "q" in request:
            return
        with open(folder + "/text" + step, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
        point(1, folder + "/out" + output)
        if "2" in request:
            point(2, folder + "/err" + output)
        else:
            os.dup2(1, 2)
        if "p" in request:
            with open(folder + "/before" + step, encoding="utf-8") as file:
                exec(file.read(), extras)
        with open(folder + "/begun", "w", encoding="ascii") as begun:
            begun.write(step)
        if "b" in request:
            print("a python session cannot start a service", file=sys.stderr)
            status = 1
        else:
            status = run(text, names)
        sys.stdout.flush()
        sys.stderr.flush()
        if os.getpid() != own:
            # A child that the step forked and that came here: the session belongs to its parent.
            os._exit(status)
        if "p" in request:
            with open(folder + "/after" + step, encoding="utf-8") as file:
                exec(file.read(), extras)
        os.dup2(null, 1)
        os.dup2(null, 2)
        with open(folder + "/reply", "r+b", buffering=0) as replies:
            replies.write("{} {} 0\n".format(step, status).encode())


def point(descriptor, path):
    file = os.open(path, os.O_WRONLY)
    os.dup2(file, descriptor)
    os.close(file)


def run(text, names):
    try:
        exec(compile(text, "<step>", "exec"), names)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return (end.code or 0) & 255
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:
        kind, value, trace = sys.exc_info()
        traceback.print_exception(kind, value, trace and trace.tb_next)
        return 1
    return 0


serve(sys.argv[1])
