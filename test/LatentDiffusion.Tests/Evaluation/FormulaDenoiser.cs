using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Evaluation;

/// <summary>A denoiser that is a function of latents and timestep, and remembers what it was asked.</summary>
internal sealed class FormulaDenoiser(Func<Tensor, double, Tensor> formula) : IDenoiser
{
    public List<(double Timestep, long Pictures)> Asked { get; } = [];

    public int InChannels => 4;

    public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning)
    {
        Assert(latents.shape[0] == conditioning.BatchSize);
        Asked.Add((timestep, latents.shape[0]));
        return formula(latents, timestep);
    }

    private static void Assert(bool holds)
    {
        if (!holds) throw new InvalidOperationException("Latents and conditioning have different batch sizes.");
    }
}
