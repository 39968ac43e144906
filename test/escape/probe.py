"""Tries to get out of the wall it runs in. Prints one JSON object: {check: outcome}, where an outcome begins with
"open" (it got through), "shut" (it did not), "skip" (this machine can't tell) or "broken" (the check itself), followed by
what happened."""
import ctypes, errno, glob, json, os, re, signal, socket, struct, sys

bait = json.load(open("bait.json"))
# Outside, some of this would do harm.
for name, outside in bait["namespaces"].items():
    if os.readlink(f"/proc/self/ns/{name}") == outside:
        sys.exit(f"not behind a wall: {name}")
libc = ctypes.CDLL(None, use_errno=True)
X64 = os.uname().machine == "x86_64"
checks = {}


def check(name):
    def add(function):
        checks[name] = function
        return function
    return add


class Open(Exception):
    pass


def call(number, *args):
    """A raw system call; raises OSError when it is refused."""
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in args])
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def number(x64, arm64):
    return x64 if X64 else arm64


def read(path, count=64):
    with open(path, "rb") as file:
        return file.read(count)


def connects(family, address, kind=socket.SOCK_STREAM):
    with socket.socket(family, kind) as s:
        s.settimeout(2)
        s.connect(address)
        return f"connected to {address!r}"


def first(*attempts):
    """What the first attempt that is not refused gives; raises the last refusal."""
    refusal = OSError("nothing to try")
    for attempt in attempts:
        try:
            return attempt()
        except OSError as error:
            refusal = error
    raise refusal


# files of the host, the server and others
for name, path in bait["files"].items():
    check(f"read {name}")(lambda path=path: f"read {len(read(path))} bytes")
    check(f"see {name} by /proc/*/root")(
        lambda path=path: first(*[lambda p=p: read(f"{p}/root{path}") for p in glob.glob("/proc/[0-9]*")])
    )
for name, path in bait["folders"].items():
    check(f"list {name}")(lambda path=path: f"{os.listdir(path)[:3]}")


@check("write outside workspace, home and tmp")
def _():
    for path in ["/", "/usr", "/usr/bin", "/etc", "/opt/ash/runtime", "/run/ash", "/run", "/dev", "/proc/sys/kernel", "/home"]:
        try:
            open(os.path.join(path, "x"), "w").close()
            return f"wrote {path}/x"
        except OSError:
            pass
    raise OSError("none of them")


for path in ["/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/sys/kernel/uevent_helper", "/proc/sys/kernel/modprobe",
             "/sys/fs/cgroup/cgroup.procs", "/proc/sys/kernel/ns_last_pid", "/proc/sys/vm/overcommit_memory"]:
    check(f"open {path} for writing")(lambda path=path: os.close(os.open(path, os.O_WRONLY)) or "opened")


@check("see variables of the server in /proc/*/environ")
def _():
    seen = b"".join(read(p, 100000) for p in glob.glob("/proc/[0-9]*/environ") if os.access(p, os.R_OK))
    if b"ASH_DATA_DIR" in seen or b"ASH_HOST" in seen:
        return "found ASH_ variables"
    raise OSError("none there")


@check("see a path of the host on a command line")
def _():
    seen = b"".join(read(p, 100000) for p in glob.glob("/proc/[0-9]*/cmdline"))
    if bait["dataDir"].encode() in seen:
        return "found the data folder"
    raise OSError("none there")


@check("see a path of the host in the mount table")
def _():
    text = open("/proc/self/mountinfo").read()
    if bait["otherSession"] in text:
        return "found the other session"
    raise OSError("none there")


# processes
@check("see processes of the host")
def _():
    seen = [open(p).read().strip() for p in glob.glob("/proc/[0-9]*/comm")]
    if len(seen) > 40 or "systemd" in seen or "kthreadd" in seen or any("node" in name for name in seen):
        return f"{len(seen)}: {seen[:5]}"
    raise OSError(f"{len(seen)} of its own")


@check("signal a process of the host")
def _():
    for pid in bait["pids"]:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            continue
        if open(f"/proc/{pid}/comm").read().strip() not in bait["own"]:
            return f"signalled {pid}"
    raise OSError("no such process")


@check("join the namespaces of pid 1 of the host by /proc")
def _():
    fd = os.open("/proc/1/ns/mnt", os.O_RDONLY)
    call(number(308, 268), fd, 0)
    return "joined"


check("ptrace pid 1 of the sandbox")(lambda: call(number(101, 117), 16, 1, 0, 0) or "attached")
check("open the memory of pid 1 of the sandbox")(lambda: open("/proc/1/mem", "rb").close() or "opened")
check("process_vm_readv of pid 1")(lambda: call(number(310, 270), 1, 0, 0, 0, 0, 0) or "allowed")
check("pidfd_getfd")(lambda: call(438, call(434, os.getppid(), 0), 0, 0) and "got one")
check("raise its own limits")(lambda: __import__("resource").setrlimit(7, (1 << 20, 1 << 20)) or "raised")


# namespaces, mounts, privileges
for name, flag in {"user": 0x10000000, "mount": 0x20000, "network": 0x40000000, "pid": 0x20000000}.items():
    check(f"unshare a {name} namespace")(lambda flag=flag: call(number(272, 97), flag) or "made")
check("clone a user namespace")(lambda: call(number(56, 220), 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0) >= 0 and "made")


@check("clone3 a user namespace")
def _():
    args = struct.pack("8Q", 0x10000000, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
    pid = call(435, ctypes.c_char_p(args), len(args))
    if pid == 0:
        os._exit(0)
    return "made"


check("mount a tmpfs")(lambda: libc_check(libc.mount(b"x", b"/tmp", b"tmpfs", 0, None)) or "mounted")
check("umount /proc")(lambda: libc_check(libc.umount2(b"/proc", 2)) or "unmounted")
check("pivot_root")(lambda: call(number(155, 41), ctypes.c_char_p(b"/tmp"), ctypes.c_char_p(b"/tmp")) or "pivoted")
check("chroot")(lambda: os.chroot("/tmp") or "changed")
check("fsopen")(lambda: call(430, ctypes.c_char_p(b"tmpfs"), 0) and "opened")
check("open_tree")(lambda: call(428, -100, ctypes.c_char_p(b"/"), 1) and "cloned")
check("mount_setattr")(lambda: call(442, -100, ctypes.c_char_p(b"/"), 0, ctypes.c_char_p(b"\0" * 32), 32) or "set")


def libc_check(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@check("become root")
def _():
    try:
        os.setuid(0)
        return "setuid(0) worked"
    except OSError:
        os.system("cp /usr/bin/id x 2>/dev/null; chmod 4755 x")
        uid = os.popen("./x -u").read().strip()
        os.unlink("x")
        if uid == "0":
            return "a setuid file gave root"
        raise


@check("hold a capability")
def _():
    status = open("/proc/self/status").read()
    if re.search(r"Cap(Eff|Prm|Bnd|Amb):\s*0*[1-9a-f]", status):
        return "there is one"
    raise OSError("none")


@check("run without a filter")
def _():
    if "Seccomp:\t2" in open("/proc/self/status").read():
        raise OSError("filtered")
    return "no filter"


# devices
@check("open a device of the host")
def _():
    names = ["kvm", "kmsg", "fuse", "mem", "port", "loop-control", "net/tun", "vhost-vsock", "sda", "vda", "nvme0n1", "console"]
    for name in names:
        try:
            os.close(os.open(f"/dev/{name}", os.O_RDONLY))
            return f"opened /dev/{name}"
        except OSError:
            pass
    raise OSError("none of them")


check("make a device")(lambda: os.mknod("dev", 0o20600, os.makedev(1, 1)) or open("dev", "rb").read(1) and "made and read")

# system calls that only a host needs
for name, args in {
    "open_by_handle_at": (number(304, 265), -100, ctypes.c_char_p(b"\0" * 128), 0),
    "name_to_handle_at": (number(303, 264), -100, ctypes.c_char_p(b"/\0"), ctypes.create_string_buffer(struct.pack("Ii", 120, 0) + b"\0" * 128), ctypes.byref(ctypes.c_int()), 0),
    "add_key": (number(248, 217), ctypes.c_char_p(b"user"), ctypes.c_char_p(b"x"), ctypes.c_char_p(b"x"), 1, -3),
    "keyctl": (number(250, 219), 0, -3, 1),
    "request_key": (number(249, 218), ctypes.c_char_p(b"user"), ctypes.c_char_p(b"x"), 0, 0),
    "bpf": (number(321, 280), 5, ctypes.c_char_p(b"\0" * 128), 128),
    "userfaultfd": (number(323, 282), 1),
    "perf_event_open": (number(298, 241), ctypes.c_char_p(struct.pack("II", 1, 128) + b"\0" * 120), 0, -1, -1, 0),
    "fanotify_init": (number(300, 262), 0x200, 0),
    "io_uring_setup": (425, 1, ctypes.c_char_p(b"\0" * 120)),
    "init_module": (number(175, 105), ctypes.c_char_p(b""), 0, ctypes.c_char_p(b"")),
    "finit_module": (number(313, 273), 0, ctypes.c_char_p(b""), 0),
    "kexec_load": (number(246, 104), 0, 0, 0, 0),
    "syslog": (number(103, 116), 3, ctypes.create_string_buffer(64), 64),
    "reboot": (number(169, 142), 0, 0, 0, 0),
    "swapon": (number(167, 224), ctypes.c_char_p(b"/x"), 0),
    "acct": (number(163, 89), ctypes.c_char_p(b"/tmp/x")),
    "settimeofday": (number(164, 170), 0, 0),
    "sethostname": (number(170, 161), ctypes.c_char_p(b"x"), 1),
    "quotactl": (number(179, 60), 0x800001, 0, 0, 0),
}.items():
    def attempt(name=name, args=args):
        try:
            call(*args)
        except OSError as error:
            # Refused for what it was asked, not for what it is: the filter has let it through.
            if error.errno in (errno.EPERM, errno.EACCES, errno.ENOSYS):
                raise
            return f"let through ({error.strerror})"
        return "done"
    check(name)(attempt)


@check("32-bit system calls")
def _():
    if not X64:
        return None
    # mov eax, 20 (getpid); int 0x80; ret
    import mmap
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(bytes([0xB8, 20, 0, 0, 0, 0xCD, 0x80, 0xC3]))
    function = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
    result = function()
    if result == os.getpid():
        return "answered"
    raise OSError(f"gave {result}")


@check("x32 system calls")
def _():
    return None if not X64 else call(0x40000000 + 39) and "answered"


@check("push input to a terminal (TIOCSTI)")
def _():
    import fcntl, pty
    _, slave = pty.openpty()
    errors = []
    for request in [0x5412, 0x5412 | 1 << 32]:
        try:
            ctypes.set_errno(0)
            result = libc.ioctl(slave, ctypes.c_ulong(request), ctypes.c_char_p(b"x"))
            if result == 0:
                return "pushed"
            errors.append(os.strerror(ctypes.get_errno()))
        except OSError as error:
            errors.append(str(error))
    raise OSError("; ".join(errors))


# network
for name, port in bait["ports"].items():
    check(f"connect to {name} on the host's loopback")(lambda port=port: connects(socket.AF_INET, ("127.0.0.1", port)))
check("connect to an abstract socket of the host")(lambda: connects(socket.AF_UNIX, "\0" + bait["abstract"]))
for name, path in bait["sockets"].items():
    check(f"connect to {name}")(lambda path=path: connects(socket.AF_UNIX, path))
for address in ["169.254.169.254", "8.8.8.8", "10.0.0.1"]:
    check(f"reach {address}")(lambda address=address: connects(socket.AF_INET, (address, 80)))
check("send a datagram out")(lambda: connects(socket.AF_INET, ("8.8.8.8", 53), socket.SOCK_DGRAM))
check("reach the internet by IPv6")(lambda: connects(socket.AF_INET6, ("2001:4860:4860::8888", 53)))
check("resolve a name")(lambda: socket.getaddrinfo("example.com", 80) and "resolved")


@check("see a network device but loopback")
def _():
    names = [name for _, name in socket.if_nameindex() if name != "lo"]
    if names:
        return f"{names}"
    raise OSError("none")


@check("listen in /run/ash")
def _():
    with socket.socket(socket.AF_UNIX) as s:
        s.bind("/run/ash/x.sock")
        return "listens"


for name, args in {
    "vsock": (40, 1, 0), "netfilter netlink": (16, 3, 12), "audit netlink": (16, 3, 9), "raw IP": (2, 3, 255), "packet": (17, 3, 0),
    "XDP": (44, 3, 0), "Bluetooth": (31, 3, 1), "kernel crypto": (38, 5, 0), "TIPC": (30, 1, 0), "RDS": (21, 5, 0),
    "key management": (15, 3, 2), "CAN": (29, 3, 1), "MPTCP": (2, 1, 262),
}.items():
    def attempt(args=args, name=name):
        fd = call(number(41, 198), *args)
        os.close(fd)
        return "made"
    if name != "MPTCP":
        check(f"socket: {name}")(attempt)


# the server's keys
pattern = re.compile(bait["canary"].encode())


@check("find the server's key in environments and command lines")
def _():
    for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline"):
        try:
            if pattern.search(read(path, 1 << 20)):
                return path
        except OSError:
            pass
    raise OSError("not there")


@check("find the server's key in files")
def _():
    for top in ["/workspace", "/home/agent", "/tmp", "/run", "/etc", "/dev/shm", "/opt/ash"]:
        for folder, _, names in os.walk(top):
            for name in names:
                path = os.path.join(folder, name)
                try:
                    if os.path.isfile(path) and os.path.getsize(path) < 64 << 20 and pattern.search(open(path, "rb").read()):
                        return path
                except OSError:
                    pass
    raise OSError("not there")


@check("find the server's key in memory it may read")
def _():
    looked = 0
    for folder in glob.glob("/proc/[0-9]*"):
        try:
            maps = open(f"{folder}/maps").read().splitlines()
            memory = open(f"{folder}/mem", "rb", 0)
        except OSError:
            continue
        for line in maps:
            span, mode, *_ = line.split()
            begin, end = (int(part, 16) for part in span.split("-"))
            if not mode.startswith("rw") or end - begin > 256 << 20:
                continue
            try:
                memory.seek(begin)
                if pattern.search(memory.read(end - begin)):
                    return f"{folder} {span}"
                looked += end - begin
            except (OSError, ValueError, OverflowError):
                continue
    raise OSError(f"not in {looked >> 20} MiB")


def outcome(function):
    try:
        result = function()
    except AttributeError as error:
        return f"skip {error}"
    except (OSError, ValueError) as error:
        return f"shut {error}"
    except Exception as error:
        return f"broken {error!r}"
    return "skip not on this processor" if result is None else f"open {result}"


def in_child(function):
    """Each in a process of its own: some of them change it, and what the filter kills is only the child."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        signal.alarm(20)
        os.write(writer, outcome(function).encode(errors="replace")[:4000])
        os._exit(0)
    os.close(writer)
    said = b""
    while chunk := os.read(reader, 4096):
        said += chunk
    os.close(reader)
    _, status = os.waitpid(pid, 0)
    return said.decode() or f"shut it ended with status {status}"


json.dump({name: in_child(function) for name, function in checks.items()}, open("outcome.json", "w"))
print("probed", len(checks))
