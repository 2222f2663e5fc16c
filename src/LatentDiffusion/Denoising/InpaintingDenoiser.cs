using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A denoiser of a model for inpainting, with what it takes beside the latents: the mask, and the latents of what stays.</summary>
/// <param name="network">The denoiser, which stays as it is.</param>
/// <param name="beside">[batch, channels, height, width]; guidance evaluates several such batches at once.</param>
internal sealed class InpaintingDenoiser(IDenoiser network, Tensor beside) : IPerturbableDenoiser, IGuidanceScaleDenoiser
{
    public int InChannels => network.InChannels - (int)beside.shape[1];

    public SizeConditioning SizeConditioning => network.SizeConditioning;

    public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning)
    {
        using Tensor joined = Join(latents);
        return network.Predict(joined, timestep, conditioning);
    }

    public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning, double guidanceScale)
    {
        if (network is not IGuidanceScaleDenoiser told) throw new NotSupportedException($"A {network.GetType().Name} cannot be told the guidance scale.");
        using Tensor joined = Join(latents);
        return told.Predict(joined, timestep, conditioning, guidanceScale);
    }

    public IDenoiser Perturb(IReadOnlyList<string> layers) => network is IPerturbableDenoiser perturbable
        ? new InpaintingDenoiser(perturbable.Perturb(layers), beside)
        : throw new NotSupportedException($"Perturbed-attention guidance needs an {nameof(IPerturbableDenoiser)}; {network.GetType().Name} is none.");

    private Tensor Join(Tensor latents)
    {
        using Tensor repeated = beside.repeat(latents.shape[0] / beside.shape[0], 1, 1, 1);
        return cat([latents, repeated], 1);
    }
}
