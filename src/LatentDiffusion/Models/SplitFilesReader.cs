namespace LatentDiffusion.Models;

/// <summary>
/// Reads a model whose networks are in separate files as if they were one file, in which each network has its prefix: families read both
/// in the same way.
/// </summary>
internal sealed class SplitFilesReader : IDisposable
{
    private readonly ModelFiles _files;
    private readonly CheckpointOptions _options;
    private readonly SingleFileOptions _model;
    private readonly List<ITensorSource> _opened = [];

    /// <summary>The names of tensors in their own files.</summary>
    private readonly Dictionary<string, string> _stored = new(StringComparer.Ordinal);

    private SplitFilesReader(ModelFiles files, CheckpointOptions options, SingleFileOptions model) =>
        (_files, _options, _model) = (files, options, model);

    /// <summary>Reads the components.</summary>
    /// <param name="files">The files.</param>
    /// <param name="options">How they are loaded.</param>
    /// <param name="model">Settings that they do not contain.</param>
    /// <exception cref="CheckpointException">
    /// A file is damaged, holds another network than its place is for or than the family reads, or does not fit it; the message names it.
    /// </exception>
    /// <exception cref="NotSupportedException">The family is not read from separate files.</exception>
    /// <exception cref="FileNotFoundException">A file or tokenizer is missing.</exception>
    public static ModelComponents Read(ModelFiles files, CheckpointOptions options, SingleFileOptions model)
    {
        using var reader = new SplitFilesReader(files, options, model);
        return reader.Read();
    }

    public void Dispose()
    {
        foreach (ITensorSource source in _opened) source.Dispose();
    }

    private ModelComponents Read()
    {
        ITensorSource transformer = Open(_files.Transformer, nameof(ModelFiles.Transformer));
        if (SplitFileKind.Find(transformer) is { } other && !Has(transformer, Prefix)) throw Refused(transformer, other, "a transformer");
        ModelFamily family = ModelFamilies.ForFile(_options.Families, transformer);
        if (family.Components.All(component => component.Name != ComponentNames.Transformer))
        {
            throw new NotSupportedException(
                $"{transformer.Path} is a {family.Name} model, which is not read from separate files: use one file with all networks.");
        }

        var parts = new List<(ITensorSource File, string From, string To)>();
        if (_files.Autoencoder is { } autoencoder) parts.Add(Autoencoder(Open(autoencoder, nameof(ModelFiles.Autoencoder))));
        parts.AddRange(TextEncoders(family));
        // A separate file replaces the part in the transformer's file.
        string[] replaced = [.. parts.Select(part => part.To), .. _files.Autoencoder is null ? [] : SingleFileSections.Autoencoders];
        MappedTensors[] sections =
        [
            Section(transformer, "", Has(transformer, Prefix) ? "" : Prefix, replaced),
            .. parts.Select(part => Section(part.File, part.From, part.To, [])),
        ];
        using var all = new CombinedTensorSource(sections);
        try
        {
            return family.ReadFile(all, _options, _model with { IgnoredTensors = [], Tokenizers = Tokenizers(), TokenizerFolder = null });
        }
        catch (CheckpointException e) when (e.Unexpected.Count > 0)
        {
            string[] unexpected = [.. e.Unexpected.Select(name => _stored.GetValueOrDefault(name, name))];
            throw new CheckpointException(e.File, e.Missing, unexpected, e.Misshaped);
        }
    }

    private static string Prefix => TransformerPublication<NetworkConfig>.Prefix;

    private ITensorSource Open(string path, string property)
    {
        if (string.IsNullOrEmpty(path)) throw new ArgumentException($"{nameof(ModelFiles)}.{property} has an empty path.");
        if (!File.Exists(path)) throw new FileNotFoundException($"The file '{Path.GetFullPath(path)}' of {property} does not exist.", path);
        ITensorSource source = Checkpoint.Open(path);
        _opened.Add(source);
        return source;
    }

    private static (ITensorSource File, string From, string To) Autoencoder(ITensorSource file)
    {
        SplitFileKind? kind = SplitFileKind.Find(file);
        return kind == SplitFileKind.Autoencoder
            ? (file, SplitFileKind.AutoencoderPrefix(file)!, SingleFileSections.Autoencoders[0])
            : throw Refused(file, kind, SplitFileKind.Autoencoder.Name);
    }

    private IEnumerable<(ITensorSource File, string From, string To)> TextEncoders(ModelFamily family)
    {
        var known = new List<(ITensorSource File, SplitFileKind Kind)>();
        string expected = string.Join(", ", SplitFileKind.TextEncoders.Where(kind => Count(family, kind) > 0).Select(kind => kind.Name));
        foreach (string path in _files.TextEncoders)
        {
            ITensorSource file = Open(path, nameof(ModelFiles.TextEncoders));
            SplitFileKind? kind = SplitFileKind.Find(file);
            if (kind?.TextEncoder is null || Count(family, kind) == 0) throw Refused(file, kind, $"{expected}, for a {family.Name} model");
            if (known.Count(other => other.Kind == kind) == Count(family, kind))
            {
                string others = MessageText.List([.. known.Where(other => other.Kind == kind).Select(other => other.File.Path)]);
                throw new CheckpointException(
                    file.Path, $"it holds {kind.Name}, as {others}; a {family.Name} model does not read another.");
            }

            known.Add((file, kind));
        }

        // Stable Diffusion 3 has two CLIP text encoders. Their widths differ.
        ITensorSource[] clip =
            [.. known.Where(file => file.Kind == SplitFileKind.Clip).Select(file => file.File).OrderBy(SplitFileKind.ClipWidth)];
        string[] towers = [TextEncoderReader.ClipL, TextEncoderReader.ClipG];
        foreach ((ITensorSource file, string prefix) in clip.Zip(towers)) yield return (file, "", prefix);
        foreach ((ITensorSource file, SplitFileKind kind) in known.Where(file => file.Kind != SplitFileKind.Clip))
            yield return (file, "", kind == SplitFileKind.T5 ? TextEncoderReader.T5 : TextEncoderReader.Qwen3);
    }

    private static int Count(ModelFamily family, SplitFileKind kind) =>
        family.Components.Count(component => component.Type == kind.TextEncoder);

    /// <summary>A file's tensors with another beginning of their names.</summary>
    private MappedTensors Section(ITensorSource file, string from, string to, IReadOnlyList<string> replaced)
    {
        var filter = new SingleFileFilter(_model, _options.Logger);
        filter.Log(file.Path, [.. file.Entries.Select(entry => entry.Name).Where(filter.Ignores)]);
        var tensors = new List<MappedTensor>();
        foreach (TensorEntry entry in file.Entries)
        {
            bool isOther = !entry.Name.StartsWith(from, StringComparison.Ordinal)
                || replaced.Any(prefix => entry.Name.StartsWith(prefix, StringComparison.Ordinal));
            if (isOther || filter.Ignores(entry.Name)) continue;
            var mapped = new MappedTensor(to + entry.Name[from.Length..], entry);
            _stored.TryAdd(mapped.Name, entry.Name);
            tensors.Add(mapped);
        }

        return new MappedTensors(file, tensors);
    }

    /// <summary>Where the tokenizers are: where they are said to be, or next to the files.</summary>
    private IReadOnlyList<string> Tokenizers()
    {
        foreach (string path in _files.Tokenizers)
            if (!Path.Exists(path)) throw new FileNotFoundException($"The tokenizer '{Path.GetFullPath(path)}' does not exist.", path);
        string[] named = [.. _files.Tokenizers, .. _model.TokenizerFolder is { } folder ? [folder] : Array.Empty<string>()];
        if (named.Length > 0) return named;
        string[] paths = [.. _files.TextEncoders, _files.Transformer];
        return [.. paths.Select(path => Path.GetDirectoryName(Path.GetFullPath(path))!).Distinct()];
    }

    private static bool Has(ITensorSource file, string prefix) =>
        file.Entries.Any(entry => entry.Name.StartsWith(prefix, StringComparison.Ordinal));

    private static CheckpointException Refused(ITensorSource file, SplitFileKind? kind, string expected) =>
        new(file.Path, $"it holds {kind?.Name ?? "another network"}; expected {expected}.");
}
