using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace LatentDiffusion.Models;

/// <summary>
/// Transformer blocks of the spatial transformers: one number for all, one for each resolution, or a list of them for a
/// resolution whose spatial transformers differ. In JSON a number, an array, or an array of numbers and arrays.
/// </summary>
[JsonConverter(typeof(TransformerLayersConverter))]
public readonly record struct TransformerLayers
{
    /// <summary>Numbers by resolution and spatial transformer.</summary>
    /// <param name="values">One value for all resolutions or one for each, of one value for all transformers or one for each.</param>
    public TransformerLayers(PerBlock<PerBlock<int>> values) => Values = values;

    /// <summary>Numbers by resolution and spatial transformer.</summary>
    public PerBlock<PerBlock<int>> Values { get; }

    /// <summary>The numbers of one resolution.</summary>
    /// <param name="block">Its index, in the order of the list.</param>
    public PerBlock<int> this[int block] => Values[block];

    /// <summary>The same number everywhere.</summary>
    public static implicit operator TransformerLayers(int all) => new(new PerBlock<PerBlock<int>>(new PerBlock<int>(all)));

    /// <summary>A number for each resolution.</summary>
    public static implicit operator TransformerLayers(PerBlock<int> each) => each.IsList
        ? new(new PerBlock<PerBlock<int>>([.. each.Values.Select(n => new PerBlock<int>(n))]))
        : new(new PerBlock<PerBlock<int>>(each));

    /// <summary>A number for each resolution.</summary>
    public static implicit operator TransformerLayers(ImmutableArray<int> each) => new PerBlock<int>(each);
}
