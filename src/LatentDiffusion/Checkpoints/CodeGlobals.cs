namespace LatentDiffusion.Checkpoints;

/// <summary>
/// Names with which a pickle runs code when Python loads it. Nothing is run here, whatever a file names. A file with one
/// of these names is malicious, and is refused so that it is not passed on.
/// </summary>
internal static class CodeGlobals
{
    private static readonly HashSet<string> s_modules =
    [
        "os", "posix", "nt", "subprocess", "sys", "shutil", "socket", "pty", "runpy", "importlib", "pdb", "bdb", "cProfile",
        "webbrowser", "ctypes", "multiprocessing", "marshal", "pickle", "_pickle",
    ];

    private static readonly HashSet<string> s_builtins =
    [
        "eval", "exec", "execfile", "compile", "open", "file", "apply", "input", "raw_input", "breakpoint", "__import__",
        "getattr", "setattr", "delattr",
    ];

    /// <summary>Whether a name is one of them.</summary>
    public static bool Contains(string module, string name)
    {
        int dot = module.IndexOf('.');
        string package = dot < 0 ? module : module[..dot];
        return s_modules.Contains(package) || (package is "builtins" or "__builtin__" && s_builtins.Contains(name));
    }
}
