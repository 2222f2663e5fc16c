using TorchSharp;

namespace LatentDiffusion.Runtime;

/// <summary>Loads libtorch, and explains why it cannot be loaded.</summary>
internal static class NativeLibraries
{
    /// <summary>Loads libtorch unless it is loaded, and makes it compute correctly on this CPU.</summary>
    /// <exception cref="TorchUnavailableException">It cannot be loaded; the message names the missing library.</exception>
    public static void EnsureLoaded()
    {
        try
        {
            torch.InitializeDeviceType(DeviceType.CPU);
            MainThreadAffinity.Restore();
            _ = OneDnnCaches.AreUsable;
        }
        catch (Exception e) when (e is DllNotFoundException or TypeInitializationException or NotSupportedException
            or EntryPointNotFoundException or BadImageFormatException)
        {
            throw new TorchUnavailableException(Explain(e), e);
        }
    }

    internal static string Explain(Exception e)
    {
        string details = string.Join(" ", Causes(e).Select(c => c.Message));
        string why =
            details.Contains("GLIBCXX", StringComparison.Ordinal) || details.Contains("libstdc++", StringComparison.Ordinal)
                ? "This system's libstdc++ is older than TorchSharp requires, and the build step that replaces it did not run: reference "
                    + "the LatentDiffusion package directly from the application's project and build it again."
            : details.Contains("libtorch", StringComparison.Ordinal) || details.Contains("LibTorchSharp", StringComparison.Ordinal)
                ? "The application does not reference libtorch for this system: add the package libtorch-cpu-linux-x64, "
                    + "libtorch-cpu-win-x64 or libtorch-cpu-osx-arm64 (or TorchSharp-cuda-linux, TorchSharp-cuda-windows) in the version "
                    + "that TorchSharp requires."
            : "See the inner exception for the message of the system's loader.";
        return $"libtorch could not be loaded. {why}";
    }

    private static IEnumerable<Exception> Causes(Exception e)
    {
        for (Exception? cause = e; cause is not null; cause = cause.InnerException) yield return cause;
    }
}
