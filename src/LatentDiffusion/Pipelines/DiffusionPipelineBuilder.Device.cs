using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <content>Where a pipeline computes.</content>
public sealed partial class DiffusionPipelineBuilder
{
    private Device? _device;

    /// <summary>
    /// Computes there: parts are given latents, images to start from and embeddings on that device. A model is opened there
    /// unless it is named with a device of its own. Parts of the caller's own are the caller's to have there; only
    /// <see cref="UseOffload"/> moves them. Default where the model is, or where there is none the CPU.
    /// </summary>
    /// <param name="device">The device. <see cref="Build(IServiceProvider?)"/> refuses another than the model's.</param>
    public DiffusionPipelineBuilder UseDevice(Device device) => Set(ref _device, device);

    private Device DeviceOf(IServiceProvider services, DiffusionModel? model)
    {
        Device? chosen = ChosenDevice(services);
        if (model is null) return DeviceAvailability.Require(chosen ?? CPU);
        return chosen is null || IsSame(chosen, model.Device)
            ? model.Device
            : throw new InvalidOperationException($"Device is {chosen}, and the model was opened on {model.Device}; leave it out, or open the model there.");
    }

    private Device? ChosenDevice(IServiceProvider services) => _device ?? (_configured is null ? null : Configured(services).OpenDevice());

    private void WarnOfSlowPrecision(IServiceProvider services, Device device, IDenoiser denoiser)
    {
        if (device.type == DeviceType.CPU && denoiser is UNetDenoiser unet && SlowPrecision.Factor(unet.Type) is { } factor)
            Logger(services).SlowPrecision(unet.Type, factor);
    }

    // A device without a number is the first of its kind.
    private static bool IsSame(Device one, Device other) => one.type == other.type && Math.Max(one.index, 0) == Math.Max(other.index, 0);
}
