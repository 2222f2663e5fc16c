using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// Latents as tokens with their positions: a convolution over patches, plus the middle part of a table of sines and cosines (Esser et al.
/// 2024, section 5.3.2), so that images of every size have their centre at the same place.
/// </summary>
internal sealed class PositionedPatches : nn.Module<Tensor, Tensor>
{
    private const string Table = "pos_embed";

    [ComponentName(Name = "proj")] private readonly Conv2dLayer _projection;
    [ComponentName(Name = Table)] private readonly Tensor _table;
    private readonly int _side;

    public PositionedPatches(LayerFactory layers, SD3TransformerConfig config) : base(NativeModule.Create(nameof(PositionedPatches)), 0)
    {
        _side = config.PosEmbedMaxSize;
        _projection = layers.Conv2d(config.InChannels, config.Width, config.PatchSize, stride: config.PatchSize);
        _table = layers.Table(() => Positions(config), 1, (long)_side * _side, config.Width);
        RegisterComponents();
    }

    /// <param name="latents">[batch, channels, height, width].</param>
    /// <returns>[batch, tokens, width].</returns>
    /// <exception cref="ArgumentException">The latents are larger than the table, or not a multiple of the patch size.</exception>
    public override Tensor forward(Tensor latents)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor patches = _projection.call(latents);
        return patches.flatten(2).transpose(1, 2).Add(Part(patches.shape[2], patches.shape[3])).MoveToOuterDisposeScope();
    }

    /// <summary>The middle of the table, [1, tokens, width].</summary>
    private Tensor Part(long rows, long columns)
    {
        if (rows > _side || columns > _side)
        {
            throw new ArgumentException(
                $"The image has {rows} x {columns} tokens; expected {_side} x {_side} at most (pos_embed_max_size).");
        }

        Tensor table = get_buffer(Table)!;
        return table.view(1, _side, _side, -1).narrow(1, (_side - rows) / 2, rows).narrow(2, (_side - columns) / 2, columns).flatten(1, 2);
    }

    /// <summary>
    /// The table: sines and cosines of the column, then of the row, in units in which the trained size has a side of
    /// sample size / patch size.
    /// </summary>
    private static Tensor Positions(SD3TransformerConfig config)
    {
        using DisposeScope scope = NewDisposeScope();
        int side = config.PosEmbedMaxSize, trained = config.SampleSize / config.PatchSize;
        double[] places = [.. Enumerable.Range(0, side).Select(i => i / ((double)side / trained))];
        Tensor line = Sinusoids(places, config.Width / 2);
        Tensor columns = line.unsqueeze(0).expand(side, -1, -1), rows = line.unsqueeze(1).expand(-1, side, -1);
        return cat([columns, rows], -1).reshape(1, side * side, -1).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>Sines and then cosines of numbers, [numbers, channels], float64 (Vaswani et al. 2017, section 3.5).</summary>
    private static Tensor Sinusoids(double[] numbers, int channels)
    {
        const double MaximumPeriod = 10000;
        int half = channels / 2;
        double[] frequencies = [.. Enumerable.Range(0, half).Select(i => Math.Pow(MaximumPeriod, -(double)i / half))];
        double[] values = new double[numbers.Length * channels];
        for (int n = 0; n < numbers.Length; n++)
        {
            for (int i = 0; i < half; i++)
                (values[n * channels + i], values[n * channels + half + i]) = Math.SinCos(numbers[n] * frequencies[i]);
        }

        return tensor(values, [numbers.Length, channels]);
    }
}
