using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Evaluation;

/// <summary>A denoiser that is a function of latents and timestep, and records its calls.</summary>
internal sealed class FormulaDenoiser(Func<Tensor, double, Tensor> formula) : IDenoiser
{
    public List<(double Timestep, long Images)> Asked { get; } = [];

    public DenoiserDescription Description { get; } = new() { LatentChannels = 4 };

    public Tensor Predict(DenoiserInput input)
    {
        long batch = input.Latents.shape[0];
        if (batch != input.Conditioning.BatchSize)
            throw new InvalidOperationException("Latents and conditioning have different batch sizes.");
        Asked.Add((input.Timestep, batch));
        return formula(input.Latents, input.Timestep);
    }
}
