using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Runtime;

/// <summary>Checks whether a device is available.</summary>
internal static class DeviceAvailability
{
    /// <summary>Why a device cannot be used; null if it can. Loads libtorch only to look for CUDA devices.</summary>
    public static string? Problem(Device device)
    {
        if (device.type != DeviceType.CUDA) return null;
        NativeLibraries.EnsureLoaded();
        int devices = cuda.is_available() ? cuda.device_count() : 0;
        return devices == 0 ? $"Device is '{device}'; this machine, or this build of libtorch, has no CUDA."
            : device.index >= devices ? $"Device is '{device}'; this machine has {devices} CUDA devices, numbered from 0."
            : null;
    }

    /// <exception cref="InvalidOperationException">The device is not available.</exception>
    public static Device Require(Device device) => Problem(device) is { } problem ? throw new InvalidOperationException(problem) : device;
}
