"""searching_proposer - a proposer's command that looks for a key in everything that it can read: files, environments,
memory of other processes; and for a socket. The key is given backwards, so that it does not find its own words. Ends
with 1 and what it found."""
import os
import re
import stat
import sys

key = sys.argv[1][::-1].encode()
found = []


def look(where, data):
    if key in data:
        found.append(where)


def look_at_files(top):
    for folder, _, files in os.walk(top):
        for path in (os.path.join(folder, name) for name in files):
            mode = os.lstat(path).st_mode
            if stat.S_ISSOCK(mode):
                found.append(f'{path}, a socket')
            if stat.S_ISREG(mode) and os.access(path, os.R_OK):
                look(path, open(path, 'rb').read())


def look_at_memory(process):
    with open(f'/proc/{process}/mem', 'rb', 0) as memory, open(f'/proc/{process}/maps') as maps:
        for start, end in re.findall(r'^([0-9a-f]+)-([0-9a-f]+) r', maps.read(), re.M):
            size = int(end, 16) - int(start, 16)
            try:
                memory.seek(int(start, 16))
                look(f'memory of {process}', memory.read(size if size < 1 << 28 else 0))  # a sanitizer's shadow has no end
            except (OSError, OverflowError, ValueError):
                pass  # the kernel's own pages


# The root itself cannot be listed: what is mounted can.
for top in {line.split()[4] for line in open('/proc/self/mountinfo')} | {'/etc'}:
    if not top.startswith(('/usr', '/proc')) and top != '/':
        look_at_files(top)
for process in filter(str.isdigit, os.listdir('/proc')):
    for part in 'environ', 'cmdline':
        try:
            look(f'{part} of {process}', open(f'/proc/{process}/{part}', 'rb').read())
        except OSError:
            pass
    try:
        if int(process) != os.getpid():
            look_at_memory(process)
    except OSError:
        pass
print('\n'.join(found), file=sys.stderr)
sys.exit(1 if found else 0)
