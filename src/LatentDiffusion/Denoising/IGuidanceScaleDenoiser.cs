using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A denoiser that can be told the guidance scale, which some networks learned.</summary>
internal interface IGuidanceScaleDenoiser : IDenoiser
{
    /// <summary>Evaluates the network once; a network that did not learn guidance does not look at the scale.</summary>
    Tensor Predict(Tensor latents, double timestep, Conditioning conditioning, double guidanceScale);
}
