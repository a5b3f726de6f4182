import os
import sys
import traceback
import types

# A page may put others in their place.
open = open


def serve(folder):
    # Pickles and processes of a page look for its names where those of a program are.
    page = sys.modules["__main__"] = types.ModuleType("__main__")
    names = page.__dict__
    names["__builtins__"] = __builtins__
    sys.argv = [""]
    extras = {}
    own = os.getpid()
    while True:
        with open(folder + "/in", encoding="ascii") as requests:
            line = requests.readline()
        if not line:
            return
        step, output, request = line.split()
        if "q" in request:
            return
        with open(folder + "/text", encoding="utf-8", errors="surrogateescape") as file:
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
        flush()
        if os.getpid() != own:
            # A child that the step forked and that came here: the session belongs to its parent.
            os._exit(status)
        if "p" in request:
            with open(folder + "/after" + step, encoding="utf-8") as file:
                exec(file.read(), extras)
        point(1, os.devnull)
        os.dup2(1, 2)
        with open(folder + "/reply", "r+b", buffering=0) as replies:
            replies.write("{} {} 0\n".format(step, status).encode())


def flush():
    for stream in sys.stdout, sys.stderr:
        try:
            stream.flush()
        except (AttributeError, ValueError, OSError):
            # The page has closed it or put something else in its place.
            pass


def point(descriptor, path):
    file = os.open(path, os.O_WRONLY)
    if file == descriptor:
        # The page had closed it.
        os.set_inheritable(descriptor, True)
        return
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
