//! Files of `/proc` that scripts read.

use crate::os::Kernel;

/// Returns the content of a file of `/proc`; `None` if there is none of that name.
pub(crate) fn read(kernel: &Kernel, pid: u32, path: &str) -> Option<String> {
    let path = path.strip_prefix("/proc/")?;
    if let Some(key) = path.strip_prefix("sys/") {
        let value = kernel.host.sysctls.get(&key.replace('/', "."))?;
        return Some(format!("{value}\n"));
    }
    match path {
        "uptime" => return Some(format!("{:.2} 0.00\n", kernel.now.as_secs_f64())),
        "loadavg" => return Some("0.00 0.00 0.00 1/1 1\n".into()),
        "version" => return Some("Linux version 6.1.0 (fake)\n".into()),
        "meminfo" => {
            return Some(
                "MemTotal:       16384000 kB\nMemFree:        16384000 kB\nMemAvailable:   16384000 kB\n".into(),
            );
        }
        "cpuinfo" => return Some("processor\t: 0\nmodel name\t: fake\n\n".into()),
        "mounts" | "self/mounts" => {
            let lines = kernel.mounts.iter().map(|mount| {
                let options = if mount.read_only { "ro" } else { "rw" };
                format!("tmpfs {} tmpfs {options} 0 0\n", mount.path)
            });
            return Some(lines.collect());
        }
        _ => (),
    }
    let (of, file) = path.split_once('/')?;
    let of = if of == "self" { pid } else { of.parse().ok()? };
    let process = kernel.processes.get(&of).filter(|process| process.exit.is_none())?;
    let name = process.name.first().map(|name| crate::files::base(name)).unwrap_or_default();
    match file {
        "cmdline" => Some(process.name.iter().map(|word| format!("{word}\0")).collect()),
        "comm" => Some(format!("{name}\n")),
        "cgroup" => Some("0::/\n".into()),
        "stat" => Some(format!("{of} ({name}) S {} 1 1 0 -1 0\n", process.parent)),
        "status" => {
            let (uid, gid) = (kernel.host.uid, kernel.host.gid);
            let lines = [
                format!("Name:\t{name}"),
                "State:\tS (sleeping)".into(),
                format!("Pid:\t{of}"),
                format!("PPid:\t{}", process.parent),
                format!("Uid:\t{uid}\t{uid}\t{uid}\t{uid}"),
                format!("Gid:\t{gid}\t{gid}\t{gid}\t{gid}"),
                format!("NoNewPrivs:\t{}", u8::from(kernel.host.no_new_privileges)),
                "Cpus_allowed:\tffff".into(),
                "Cpus_allowed_list:\t0-15".into(),
            ];
            Some(lines.map(|line| line + "\n").concat())
        }
        _ => None,
    }
}
