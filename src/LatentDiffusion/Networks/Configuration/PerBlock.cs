using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace LatentDiffusion.Networks;

/// <summary>A setting that is one value for all blocks, or one value for each: in JSON a number or an array.</summary>
/// <typeparam name="T">Type of the value.</typeparam>
[JsonConverter(typeof(PerBlockConverterFactory))]
public readonly record struct PerBlock<T>
{
    private readonly T _all;
    private readonly ImmutableArray<T> _each;

    /// <summary>The same value for every block.</summary>
    public PerBlock(T all) => (_all, _each) = (all, default);

    /// <summary>A value for each block, from the highest resolution to the lowest.</summary>
    public PerBlock(ImmutableArray<T> each) => (_all, _each) = (default!, each);

    /// <summary>Whether blocks have different values.</summary>
    public bool IsList => !_each.IsDefault;

    /// <summary>The values as a list; empty where all blocks have one value.</summary>
    public ImmutableArray<T> Values => _each.IsDefault ? [] : _each;

    /// <summary>The value of a block, counted from the highest resolution.</summary>
    public T this[int block] => _each.IsDefault ? _all : block < _each.Length ? _each[block]
        : throw new ArgumentOutOfRangeException(
            nameof(block), block, $"The configuration lists {_each.Length} values, one a block, and the network has more blocks.");

    /// <summary>The value of the last block, which the middle block shares.</summary>
    public T Last => _each.IsDefault ? _all : _each[^1];

    /// <summary>The same value for every block.</summary>
    public static implicit operator PerBlock<T>(T all) => new(all);

    /// <summary>Whether both are the same value or equal lists.</summary>
    public bool Equals(PerBlock<T> other) => IsList == other.IsList
        && (IsList ? _each.SequenceEqual(other._each) : EqualityComparer<T>.Default.Equals(_all, other._all));

    /// <inheritdoc />
    public override int GetHashCode() => IsList ? _each.Length : _all?.GetHashCode() ?? 0;
}
