namespace LatentDiffusion;

/// <summary>Checks of configurations, each of which names the option.</summary>
internal static class ConfigRules
{
    /// <exception cref="NotSupportedException">The value is none of those expected.</exception>
    public static void Known(string option, string? value, params string?[] expected)
    {
        if (!expected.Contains(value))
            throw new NotSupportedException($"{option} {Show(value)} is not known; expected {string.Join(" or ", expected.Select(Show))}.");

        static string Show(string? text) => text is null ? "null" : $"'{text}'";
    }

    /// <exception cref="NotSupportedException">The option is set.</exception>
    public static void Unset(string option, bool unset, object? value)
    {
        if (!unset) throw new NotSupportedException($"{option} {value} is not supported.");
    }

    /// <exception cref="ArgumentException">A list has another length.</exception>
    public static void Length<T>(string option, PerBlock<T> list, int blocks)
    {
        if (list.IsList && list.Values.Length != blocks)
            throw new ArgumentException($"{option} lists {list.Values.Length} values, and block_out_channels {blocks} resolutions; they must agree.");
    }

    /// <inheritdoc cref="Length{T}(string, PerBlock{T}, int)"/>
    public static void Length<T>(string option, PerBlock<T>? list, int blocks)
    {
        if (list is { } given) Length(option, given, blocks);
    }

    /// <exception cref="ArgumentException">A number is not above zero.</exception>
    public static void Positive(string option, params IEnumerable<int> values)
    {
        foreach (int value in values)
            if (value < 1) throw new ArgumentException($"{option} is {value}; it must be at least 1.");
    }

    /// <exception cref="ArgumentException">It is null.</exception>
    public static void Needed(string option, object? value, string why)
    {
        if (value is null) throw new ArgumentException($"{why} needs {option}.");
    }
}
