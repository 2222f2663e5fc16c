using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Where a pipeline computes.</summary>
internal static class PipelineDevice
{
    /// <summary>The device that the builder or configuration names; null for neither.</summary>
    public static Device? Chosen(PipelineSpecification specification, IServiceProvider services) =>
        specification.Device ?? (specification.IsConfigured ? ConfiguredModel.OptionsIn(services).OpenDevice() : null);

    /// <summary>The chosen device, or else the model's, or else the CPU.</summary>
    /// <exception cref="InvalidOperationException">The model is on another device than the chosen one.</exception>
    public static Device Resolve(Device? chosen, DiffusionModel? model)
    {
        if (model is null) return DeviceAvailability.Require(chosen ?? CPU);
        return chosen is null || IsSame(chosen, model.Device) ? model.Device : throw new InvalidOperationException(
            $"Device is {chosen}, and the model was opened on {model.Device}; leave it out, or open the model there.");
    }

    // A device without a number is the first of its kind.
    private static bool IsSame(Device one, Device other) => one.type == other.type && Math.Max(one.index, 0) == Math.Max(other.index, 0);
}
