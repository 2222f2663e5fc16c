using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Guidance;

/// <summary>A denoiser that is a formula of each latent and of the text's first value, and counts what it is asked.</summary>
internal sealed class WaveDenoiser : IPerturbableDenoiser
{
    public List<(long Batch, double Timestep, bool Perturbed)> Calls { get; } = [];

    public IReadOnlyList<string>? Layers { get; private set; }

    public int InChannels => 4;

    public static double Value(double latent, double text, bool perturbed = false) =>
        perturbed ? Math.Cos(latent + text) : Math.Sin(latent * (1 + text)) + text;

    /// <summary>Texts by their first value, of one prompt each.</summary>
    public static Conditioning Text(params double[] values)
    {
        double[] all = [.. values.SelectMany(v => Enumerable.Range(0, 6).Select(i => i == 0 ? v : 7.0))];
        return new Conditioning(tensor(all, [values.Length, 2, 3]));
    }

    public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning) => Evaluate(latents, timestep, conditioning, perturbed: false);

    public IDenoiser Perturb(IReadOnlyList<string> layers)
    {
        Layers = layers;
        return new Perturbed(this);
    }

    private Tensor Evaluate(Tensor latents, double timestep, Conditioning conditioning, bool perturbed)
    {
        long[] shape = latents.shape;
        Assert.Equal(shape[0], conditioning.BatchSize);
        Calls.Add((shape[0], timestep, perturbed));
        double[] x = latents.data<double>().ToArray(), texts = conditioning.HiddenStates.contiguous().data<double>().ToArray();
        int each = x.Length / (int)shape[0];
        double[] values = [.. x.Select((v, i) => Value(v, texts[i / each * 6], perturbed))];
        return tensor(values, shape);
    }

    private sealed class Perturbed(WaveDenoiser denoiser) : IDenoiser
    {
        public int InChannels => denoiser.InChannels;

        public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning) => denoiser.Evaluate(latents, timestep, conditioning, perturbed: true);
    }
}
