using System.Runtime.CompilerServices;

namespace LatentDiffusion.Tests;

/// <summary>Loads libtorch as the library does, before tests compute with TorchSharp directly.</summary>
internal static class LibtorchStart
{
    [ModuleInitializer]
    internal static void Load() => NativeLibraries.EnsureLoaded();
}
