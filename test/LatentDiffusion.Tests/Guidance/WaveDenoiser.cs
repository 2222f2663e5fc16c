using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Guidance;

/// <summary>A denoiser that is a formula of each latent and of the text's first value, and counts its evaluations.</summary>
internal sealed class WaveDenoiser : IDenoiser
{
    public List<(long Batch, double Timestep, bool Perturbed)> Calls { get; } = [];

    public IReadOnlyList<string>? Layers { get; private set; }

    public DenoiserDescription Description { get; } = new() { LatentChannels = 4, AttentionLayers = ["mid_block.0", "up_blocks.1.0"] };

    public static double Value(double latent, double text, bool perturbed = false) =>
        perturbed ? Math.Cos(latent + text) : Math.Sin(latent * (1 + text)) + text;

    /// <summary>Texts by their first value, of one prompt each.</summary>
    public static Conditioning Text(params double[] values)
    {
        double[] all = [.. values.SelectMany(v => Enumerable.Range(0, 6).Select(i => i == 0 ? v : 7.0))];
        return new Conditioning(tensor(all, [values.Length, 2, 3]));
    }

    public Tensor Predict(DenoiserInput input)
    {
        long[] shape = input.Latents.shape;
        Assert.Equal(shape[0], input.Conditioning.BatchSize);
        bool perturbed = input.AttentionEdits is not null;
        if (perturbed) Layers = input.AttentionEdits!.IdentityLayers;
        Calls.Add((shape[0], input.Timestep, perturbed));
        double[] x = input.Latents.data<double>().ToArray(), texts = input.Conditioning.HiddenStates.contiguous().data<double>().ToArray();
        int each = x.Length / (int)shape[0];
        double[] values = [.. x.Select((v, i) => Value(v, texts[i / each * 6], perturbed))];
        return tensor(values, shape);
    }
}
