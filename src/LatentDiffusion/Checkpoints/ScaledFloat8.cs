using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// A source whose weights are float8 together with a scale, as ComfyUI and ModelOpt write them: the weight <c>x.weight</c> is multiplied by
/// <c>x.scale_weight</c> or <c>x.weight_scale</c>, one number or one for each row. Scales of inputs (<c>x.scale_input</c>,
/// <c>x.input_scale</c>) are for products in float8, which are not computed here. Without the scales the values are not the network's
/// weights, so that a file whose scales are not understood is refused whichever tensors are left out.
/// </summary>
internal sealed class ScaledFloat8 : ITensorSource
{
    private const string Marker = "scaled_fp8", Description = "comfy_quant", Weight = ".weight";

    /// <summary>Maximum bytes of a description; published ones have less than 100.</summary>
    private const long LongestDescription = 4096;

    private static readonly string[] s_weightScales = [".scale_weight", ".weight_scale"], s_inputScales = [".scale_input", ".input_scale"];

    private readonly ITensorSource _source;
    private readonly Dictionary<string, float[]> _scales = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TensorEntry> _entries;

    private ScaledFloat8(ITensorSource source)
    {
        _source = source;
        foreach (TensorEntry entry in source.Entries)
        {
            if (Suffix(entry.Name, s_weightScales) is { } suffix) AddScale(entry, entry.Name[..^suffix.Length] + Weight);
            else if (IsNamed(entry.Name, Description)) CheckDescription(entry);
        }

        _entries = source.Entries.Where(entry => !IsPart(entry.Name)).ToDictionary(
            entry => entry.Name, entry => _scales.ContainsKey(entry.Name) ? entry with { DataType = ScalarType.Float32 } : entry);
    }

    /// <inheritdoc/>
    public string Path => _source.Path;

    /// <inheritdoc/>
    public IReadOnlyCollection<TensorEntry> Entries => _entries.Values;

    /// <summary>The source with its scales applied; the source itself where it has none.</summary>
    /// <param name="source">The source, which is disposed with the result, and where this throws.</param>
    /// <exception cref="CheckpointException">The scales fit no weights, or weights have another form of few bits.</exception>
    public static ITensorSource Apply(ITensorSource source)
    {
        if (!source.Entries.Any(entry => IsScaling(entry.Name))) return source;
        try
        {
            return new ScaledFloat8(source);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public TensorEntry? Find(string name) => _entries.GetValueOrDefault(name);

    /// <inheritdoc/>
    public void ReadInto(string name, Tensor destination)
    {
        TensorEntry entry = this.Require(name, destination);
        if (!_scales.TryGetValue(name, out float[]? scales))
        {
            _source.ReadInto(name, destination);
            return;
        }

        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        Tensor values = empty([.. entry.Shape], ScalarType.Float32, CPU);
        _source.ReadInto(name, values);
        long[] shape = [scales.Length, .. Enumerable.Repeat(1L, entry.Shape.Count - 1)];
        values.mul_(tensor(scales).view(shape));
        destination.detach().copy_(values);
    }

    /// <inheritdoc/>
    IReadOnlyDictionary<string, string> ITensorSource.Texts => _source.Texts;

    /// <inheritdoc/>
    void ITensorSource.ReadRows(string name, IReadOnlyList<RowRange> ranges, Tensor destination)
    {
        this.Require(name);
        if (!_scales.ContainsKey(name))
        {
            _source.ReadRows(name, ranges, destination);
            return;
        }

        using Tensor whole = this.Read(name);
        RowRange.Copy(whole, ranges, destination);
    }

    /// <inheritdoc/>
    StoredRows? ITensorSource.FindRows(string name)
    {
        StoredRows? rows = Find(name) is null ? null : _source.FindRows(name);
        return rows is not null && _scales.TryGetValue(name, out float[]? scales) ? rows with { Scales = scales } : rows;
    }

    /// <summary>Closes the source.</summary>
    public void Dispose() => _source.Dispose();

    /// <summary>Whether a tensor says that values are scaled.</summary>
    private static bool IsScaling(string name) =>
        IsNamed(name, Marker) || IsNamed(name, Description) || Suffix(name, s_weightScales) is not null;

    private static bool IsPart(string name) => IsScaling(name) || Suffix(name, s_inputScales) is not null;

    private static bool IsNamed(string name, string last) => name == last || name.EndsWith("." + last, StringComparison.Ordinal);

    private static string? Suffix(string name, string[] suffixes) =>
        Array.Find(suffixes, suffix => name.EndsWith(suffix, StringComparison.Ordinal));

    private void AddScale(TensorEntry scale, string weight)
    {
        long count = scale.Shape.Aggregate(1L, (product, size) => product * size);
        if (_source.Find(weight) is not { Shape: [var rows, ..] } || (count != 1 && count != rows))
            throw Unknown(scale, $"a scale of '{MessageText.Truncate(weight, 200)}', which it does not fit");
        using Tensor stored = _source.Read(scale.Name);
        using Tensor values = stored.to(ScalarType.Float32);
        using Tensor flat = values.reshape(-1);
        float[] numbers = [.. flat.data<float>()];
        if (!numbers.All(float.IsFinite)) throw Unknown(scale, "not finite");
        if (!_scales.TryAdd(weight, numbers)) throw Unknown(scale, $"a second scale of '{MessageText.Truncate(weight, 200)}'");
    }

    /// <summary>A description is JSON as bytes: <c>{"format": "float8_e4m3fn"}</c>.</summary>
    private void CheckDescription(TensorEntry entry)
    {
        if (entry.DataType != ScalarType.Byte || entry.ByteLength > LongestDescription) throw Unknown(entry, "not the text of a format");
        using Tensor bytes = _source.Read(entry.Name);
        string? format;
        try
        {
            format = (string?)JsonNode.Parse(bytes.bytes.ToArray())?["format"];
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or InvalidOperationException or ArgumentException)
        {
            throw Unknown(entry, "not the text of a format");
        }

        if (format is not ("float8_e4m3fn" or "float8_e5m2"))
            throw Unknown(entry, $"the format '{MessageText.Truncate(format ?? "null", 100)}'; expected float8_e4m3fn or float8_e5m2");
    }

    private CheckpointException Unknown(TensorEntry entry, string what) => new(
        _source.Path, $"'{MessageText.Truncate(entry.Name, 200)}' says that its weights are scaled 8-bit values, but it is {what}.");
}
