namespace LatentDiffusion.Networks;

/// <summary>Checks of configurations, each of which names the option.</summary>
internal static class ConfigRules
{
    /// <exception cref="NotSupportedException">The value is not one of those expected.</exception>
    public static void Known(string option, string? value, params string?[] expected)
    {
        if (!expected.Contains(value))
            throw new NotSupportedException($"{option} {Show(value)} is not known; expected {string.Join(" or ", expected.Select(Show))}.");

        static string Show(string? text) => text is null ? "null" : $"'{MessageText.Truncate(text, 100)}'";
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
            throw new ArgumentException(
                $"{option} lists {list.Values.Length} values, and block_out_channels {blocks} resolutions; they must agree.");
    }

    /// <inheritdoc cref="Length{T}(string, PerBlock{T}, int)"/>
    public static void Length<T>(string option, PerBlock<T>? list, int blocks)
    {
        if (list is { } given) Length(option, given, blocks);
    }

    /// <summary>The most that a width, length or number of layers can be: far more than any network that was published.</summary>
    public const int Largest = 1 << 16;

    /// <exception cref="ArgumentException">A number is not from 1 to <see cref="Largest"/>.</exception>
    public static void Positive(string option, params IEnumerable<int> values) => Range(option, 1, Largest, values);

    /// <exception cref="ArgumentException">A number that is given is not from 1 to <see cref="Largest"/>.</exception>
    public static void Positive(string option, int? value)
    {
        if (value is { } given) Range(option, 1, Largest, given);
    }

    /// <exception cref="ArgumentException">A number is not in the range.</exception>
    public static void Range(string option, int min, int max, params IEnumerable<int> values)
    {
        foreach (int value in values)
            if (value < min || value > max) throw new ArgumentException($"{option} is {value}; expected {min} to {max}.");
    }

    /// <exception cref="ArgumentException">A number is not finite, or is 0.</exception>
    public static void Factor(string option, double value)
    {
        if (!double.IsFinite(value) || value == 0)
            throw new ArgumentException($"{option} is {value}; expected a finite number other than 0.");
    }

    /// <exception cref="ArgumentException">A number is not finite, or is below 0.</exception>
    public static void NotNegative(string option, double value)
    {
        if (!double.IsFinite(value) || value < 0)
            throw new ArgumentException($"{option} is {value}; expected a finite number of at least 0.");
    }

    /// <exception cref="ArgumentException">A number does not divide another.</exception>
    public static void Divides(string option, int value, string of, int total)
    {
        if (value < 1 || total % value != 0) throw new ArgumentException($"{option} is {value}; it must divide {of}, {total}.");
    }

    /// <exception cref="ArgumentException">It is null.</exception>
    public static void Needed(string option, object? value, string why)
    {
        if (value is null) throw new ArgumentException($"{why} needs {option}.");
    }
}
