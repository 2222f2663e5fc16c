using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Runtime;

/// <summary>Device and precision of a model's networks: the caller's choice, or a default for the machine.</summary>
internal static class LoadOptionsResolver
{
    /// <summary>Loads libtorch and resolves device and precision.</summary>
    /// <param name="device">The caller's choice; null for CUDA if available, otherwise the CPU.</param>
    /// <param name="precision">The caller's choice; null for float32 on the CPU and the files' type elsewhere.</param>
    /// <exception cref="ArgumentException">The precision is not a floating-point type.</exception>
    /// <exception cref="InvalidOperationException">The device is not available.</exception>
    /// <exception cref="TorchUnavailableException">libtorch cannot be loaded.</exception>
    public static CheckpointOptions Resolve(Device? device, ScalarType? precision)
    {
        if (precision is { } given && !CheckpointOptions.IsFloat(given))
            throw new ArgumentException($"The precision is {given}; expected Float16, BFloat16, Float32 or Float64.", nameof(precision));
        NativeLibraries.EnsureLoaded();
        device = device is null ? cuda.is_available() ? CUDA : CPU : DeviceAvailability.Require(device);
        // CPUs compute half precision many times slower than single precision.
        return new CheckpointOptions { Device = device, Type = precision ?? (device.type == DeviceType.CPU ? ScalarType.Float32 : null) };
    }
}
