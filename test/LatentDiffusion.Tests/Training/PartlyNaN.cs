using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

/// <summary>Texts some of which are not numbers.</summary>
internal sealed class PartlyNaN(long[] bad) : ITextConditioning
{
    public IReadOnlyDictionary<string, nn.Module> Modules { get; } = new Dictionary<string, nn.Module>();

    public Conditioning Encode(Tensor index, Tensor dropped)
    {
        float[] values =
        [
            .. index.data<long>()
                .SelectMany(row => Enumerable.Repeat(bad.Contains(row) ? float.NaN : 0.1f * row, 8 * 8))
        ];
        return new Conditioning(tensor(values, [index.shape[0], 8, 8]));
    }
}
