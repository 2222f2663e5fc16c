using System.Runtime.InteropServices;

namespace LatentDiffusion.Samples;

/// <summary>
/// Ends the process while a thread is inside libtorch, for example when it loads a large model. An ordinary exit runs libtorch's
/// destructors first, and the thread then reads freed memory: the process would end with a segmentation fault.
/// </summary>
internal static class ProcessEnd
{
    /// <summary>Ends the process at once. Console output is kept.</summary>
    public static void Now(int exitCode)
    {
        // Windows ends all other threads before it runs destructors.
        if (!OperatingSystem.IsWindows()) ExitWithoutDestructors(exitCode);
        Environment.Exit(exitCode);
    }

    [DllImport("libc", EntryPoint = "_exit")]
    private static extern void ExitWithoutDestructors(int status);
}
