using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// Rotary position embedding over several axes (Su et al. 2021, section 3.2.2): consecutive pairs of a head's channels are rotated by
/// angles proportional to a position. Each axis has a section of the channels for itself.
/// </summary>
/// <param name="axes">Channels of each axis, even; together the width of a head.</param>
/// <param name="theta">Base of the frequencies.</param>
internal sealed class RotaryEmbedding(IReadOnlyList<int> axes, double theta)
{
    /// <summary>Number of axes of a position.</summary>
    public int Axes => axes.Count;

    /// <summary>The rotations of tokens, as complex numbers of absolute value 1.</summary>
    /// <param name="positions">Positions on each axis, [tokens, axes] or [batch, tokens, axes], float64.</param>
    /// <returns>[tokens, 1, head width/2] or [batch, tokens, 1, head width/2], on the device of the positions.</returns>
    public Tensor Rotations(Tensor positions)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] angles = [.. axes.Select((channels, axis) => positions.narrow(-1, axis, 1) * Frequencies(channels, positions.device))];
        Tensor angle = cat(angles, -1).unsqueeze(-2);
        return complex(angle.cos().to(ScalarType.Float32), angle.sin().to(ScalarType.Float32)).MoveToOuterDisposeScope();
    }

    /// <summary>Rotates the channels of heads.</summary>
    /// <param name="heads">Queries or keys, [batch, tokens, heads, head width].</param>
    /// <param name="rotations">The result of <see cref="Rotations"/>.</param>
    public static Tensor Rotate(Tensor heads, Tensor rotations)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor pairs = view_as_complex(heads.to(ScalarType.Float32).reshape([.. heads.shape[..^1], heads.shape[^1] / 2, 2]));
        return view_as_real(pairs * rotations).flatten(-2).to(heads.dtype).MoveToOuterDisposeScope();
    }

    private Tensor Frequencies(int channels, Device device) => tensor(
        [.. Enumerable.Range(0, channels / 2).Select(i => Math.Pow(theta, -2.0 * i / channels))], ScalarType.Float64, device);
}
