using System.Globalization;

namespace LatentDiffusion;

/// <summary>The values that a setting may have. Its text reads like <c>from 1 to 1000</c>.</summary>
/// <typeparam name="T">Type of the setting.</typeparam>
public sealed class SettingRange<T> where T : struct, IComparable<T>, IFormattable
{
    internal SettingRange(T minimum, T maximum, bool excludesMinimum = false) =>
        (Minimum, Maximum, ExcludesMinimum) = (minimum, maximum, excludesMinimum);

    /// <summary>The smallest value, or with <see cref="ExcludesMinimum"/> the one below all.</summary>
    public T Minimum { get; }

    /// <summary>The largest value.</summary>
    public T Maximum { get; }

    /// <summary>Whether <see cref="Minimum"/> itself is outside the range.</summary>
    public bool ExcludesMinimum { get; }

    /// <summary>Whether a value is in the range. NaN is not.</summary>
    public bool Contains(T value)
    {
        int order = value.CompareTo(Minimum);
        return (ExcludesMinimum ? order > 0 : order >= 0) && value.CompareTo(Maximum) <= 0;
    }

    /// <summary>The range in words, as messages and help texts show it.</summary>
    public override string ToString() =>
        ExcludesMinimum ? $"more than {Text(Minimum)} and at most {Text(Maximum)}" : $"from {Text(Minimum)} to {Text(Maximum)}";

    private static string Text(T value) =>
        value is TimeSpan time && time == TimeSpan.Zero ? "zero" : value.ToString(null, CultureInfo.InvariantCulture);
}
