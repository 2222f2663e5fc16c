using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <content>Where a pipeline computes.</content>
public sealed partial class DiffusionPipelineBuilder
{
    private Device? _device;

    /// <summary>
    /// Computes there: parts are given latents, pictures to start from and embeddings on that device. A model folder or file
    /// is read to it unless it has a device of its own. Parts of the caller's own are the caller's to have there; only
    /// <see cref="UseOffload"/> moves them. Default where the model is, or where there is none the CPU.
    /// </summary>
    /// <param name="device">The device. <see cref="Build(IServiceProvider?)"/> refuses another than the model's.</param>
    public DiffusionPipelineBuilder UseDevice(Device device) => Set(ref _device, device);

    private Device DeviceOf(IServiceProvider services, DiffusionModel? model)
    {
        if (model is null) return Available(_device ?? (_configured is null ? null : Configured(services).OpenDevice()) ?? CPU);
        return _device is null || IsSame(_device, model.Device)
            ? model.Device
            : throw new InvalidOperationException($"UseDevice was told {_device}, and the model is on {model.Device}; leave it out, or open the model there.");
    }

    private static Device Available(Device device) => device.type != DeviceType.CUDA || cuda.is_available()
        ? device
        : throw new InvalidOperationException($"The pipeline is to compute on {device}; this machine, or this build of libtorch, has no CUDA.");

    // A device without a number is the first of its kind.
    private static bool IsSame(Device one, Device other) => one.type == other.type && Math.Max(one.index, 0) == Math.Max(other.index, 0);
}
