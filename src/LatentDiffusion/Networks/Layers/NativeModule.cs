using System.Runtime.InteropServices;
using System.Text;
using TorchSharp;

namespace LatentDiffusion.Networks;

/// <summary>
/// Makes the native module that TorchSharp keeps for every module. Its own constructor also asks for a second one, which
/// only sequences of native layers use, and whose owner the native library never deletes (0.107): 64 bytes for every layer
/// that was ever made. Without it nothing remains of a disposed network.
/// </summary>
internal static unsafe class NativeModule
{
    private static readonly Lazy<nint> s_make = new(Find);

    /// <summary>Makes a native module without parameters. The module that is constructed with it owns it.</summary>
    /// <param name="name">Name of the class.</param>
    public static nint Create(string name)
    {
        fixed (byte* text = Encoding.UTF8.GetBytes($"{name}\0"))
        {
            // Neither a function to call it by nor the second module.
            nint module = ((delegate* unmanaged<byte*, nint, nint, nint>)s_make.Value)(text, 0, 0);
            return module != 0 ? module : throw new InvalidOperationException($"libtorch could not make the module {name}.");
        }
    }

    private static nint Find()
    {
        NativeLibraries.EnsureLoaded();
        return NativeLibrary.GetExport(NativeLibrary.Load("LibTorchSharp", typeof(torch).Assembly, null), "THSNN_custom_module");
    }
}
