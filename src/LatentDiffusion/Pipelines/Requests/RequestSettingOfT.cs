using System.Globalization;

namespace LatentDiffusion;

/// <summary>A numeric setting of <see cref="GenerationRequest"/>, or a time.</summary>
/// <typeparam name="T">Type of the value.</typeparam>
public sealed class RequestSetting<T> : RequestSetting where T : struct, IComparable<T>, IFormattable, IParsable<T>
{
    private readonly Func<GenerationRequest, T?> _get;
    private readonly Func<GenerationRequest, T, GenerationRequest> _set;

    internal RequestSetting(string name, Func<GenerationRequest, T?> get, Func<GenerationRequest, T, GenerationRequest> set)
        : base(name) => (_get, _set) = (get, set);

    /// <summary>The values that the setting may have; null for all.</summary>
    public SettingRange<T>? Range { get; internal init; }

    /// <summary>
    /// The value where neither request nor pipeline nor model has one; null where it follows from the rest of the request.
    /// </summary>
    public T? Default { get; internal init; }

    /// <summary>The value that request and pipeline give a setting that is left open; null for <see cref="Default"/>.</summary>
    internal Func<GenerationRequest, PipelineComponents, T?>? Choose { get; init; }

    internal override string? Expected => Range?.ToString();

    /// <exception cref="ArgumentOutOfRangeException">The value is out of its range.</exception>
    internal T? Require(T? value) => value is not { } given || Allows(given) ? value
        : throw new ArgumentOutOfRangeException(nameof(value), value, $"{Name} is {Range}.");

    /// <summary>Checks a value of another place that has the setting's range.</summary>
    internal void Check(string name, T? value) => RequestValidator.Check(value is { } given && Allows(given), name, value, Expected!);

    internal override object? Get(GenerationRequest request) => _get(request);

    internal override string? Write(GenerationRequest request) => _get(request)?.ToString(null, CultureInfo.InvariantCulture);

    internal override GenerationRequest Read(GenerationRequest request, string text) => _set(request, Parse(text));

    internal override GenerationRequest Complete(GenerationRequest request, PipelineComponents components)
    {
        if (_get(request) is not null || (Requires is { } required && required.Get(request) is null)) return request;
        return (Choose?.Invoke(request, components) ?? Default) is { } value ? _set(request, value) : request;
    }

    internal override void Check(GenerationRequest request, PipelineComponents components)
    {
        base.Check(request, components);
        if (_get(request) is { } value) Check(Name, value);
    }

    internal override bool Allows(object value) => Allows((T)value);

    private bool Allows(T value) => Range?.Contains(value) ?? true;

    // double.Parse allows thousands separators, by which 1,5 would be 15.
    private static T Parse(string text) => typeof(T) == typeof(double)
        ? (T)(object)double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture)
        : T.Parse(text, CultureInfo.InvariantCulture);
}
