using System.Globalization;
using System.Text.Json;

namespace LatentDiffusion;

/// <summary>A descending list of numbers, one for each sampling step.</summary>
internal sealed class NumbersSetting(
    string name, Func<GenerationRequest, IReadOnlyList<double>?> get,
    Func<GenerationRequest, IReadOnlyList<double>, GenerationRequest> set, SettingRange<double> range) : RequestSetting(name)
{
    /// <summary>Another setting that must be null where this one is given; null for none.</summary>
    public RequestSetting? Excludes { get; init; }

    internal override string Expected => $"{range} and descending";

    internal override object? Get(GenerationRequest request) => get(request) is { } numbers
        ? string.Join(", ", numbers.Select(n => n.ToString(CultureInfo.InvariantCulture)))
        : null;

    internal override string? Write(GenerationRequest request) =>
        get(request) is { } numbers ? JsonSerializer.Serialize(numbers, PlainJson.Default.IReadOnlyListDouble) : null;

    internal override GenerationRequest Read(GenerationRequest request, string text) =>
        set(request, JsonSerializer.Deserialize(text, PlainJson.Default.DoubleArray) ?? throw new FormatException());

    internal override void Check(GenerationRequest request, PipelineComponents components)
    {
        if (get(request) is not { } numbers) return;
        int most = RequestSettings.Steps.Range!.Maximum;
        RequestValidator.Check(
            numbers.Count >= 1 && numbers.Count <= most, Name, $"a list of {numbers.Count}", $"from 1 to {most} numbers");
        if (Excludes is { } other) RequestValidator.Check(other.Get(request) is null, Name, "given", $"none together with {other.Name}");
        for (int i = 0; i < numbers.Count; i++)
        {
            bool descends = i == 0 || numbers[i] < numbers[i - 1];
            RequestValidator.Check(
                range.Contains(numbers[i]) && descends, FormattableString.Invariant($"{Name}[{i}]"), numbers[i],
                descends ? range.ToString() : FormattableString.Invariant($"less than {numbers[i - 1]}, the number before it"));
        }

        RequestValidator.Check(
            request.Steps == numbers.Count, nameof(request.Steps), request.Steps,
            FormattableString.Invariant($"{numbers.Count}, the length of {Name}, or null"));
    }
}
