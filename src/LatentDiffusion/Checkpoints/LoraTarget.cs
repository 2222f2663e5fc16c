using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A network that low-rank patches may be meant for.</summary>
/// <param name="Component">Its name in a pipeline: <c>unet</c>, <c>text_encoder</c> or <c>text_encoder_2</c>.</param>
/// <param name="Shapes">Shape of each of its parameters, by published name.</param>
public sealed record LoraTarget(string Component, IReadOnlyDictionary<string, IReadOnlyList<long>> Shapes)
{
    /// <summary>Name of the denoising network, which is meant where a file names no component.</summary>
    public const string UNet = "unet";

    /// <summary>Name of the first or only text tower.</summary>
    public const string TextEncoder = "text_encoder";

    /// <summary>Name of the second text tower of Stable Diffusion XL.</summary>
    public const string TextEncoder2 = "text_encoder_2";

    /// <summary>Describes a network by its parameters.</summary>
    /// <param name="component">Its name in a pipeline.</param>
    /// <param name="parameters">Its parameters by published name.</param>
    public static LoraTarget Of(string component, IEnumerable<KeyValuePair<string, Tensor>> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return new LoraTarget(component, parameters.ToDictionary(p => p.Key, p => (IReadOnlyList<long>)p.Value.shape));
    }
}
