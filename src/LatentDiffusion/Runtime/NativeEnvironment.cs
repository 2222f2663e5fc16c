using System.Runtime.InteropServices;

namespace LatentDiffusion;

/// <summary>
/// The environment that native libraries read. <see cref="Environment.SetEnvironmentVariable(string, string)"/> changes a copy.
/// </summary>
internal static partial class NativeEnvironment
{
    /// <summary>Sets a variable, on Unix.</summary>
    public static void Set(string name, string value, bool replace) => SetVariable(name, value, replace ? 1 : 0);

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);
}
