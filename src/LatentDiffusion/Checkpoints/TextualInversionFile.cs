using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// Reads and writes files of learned embeddings (textual inversion) that diffusers, the original code, trainers and Stable Diffusion web UI
/// write, for one text tower or the two of SDXL, as safetensors or PyTorch's files, and those bundled in LoRA files.
/// </summary>
public static class TextualInversionFile
{
    private const string Bundled = "bundle_emb.";

    /// <summary>Reads all embeddings of a file.</summary>
    /// <param name="path">Path of a <c>.safetensors</c>, <c>.pt</c> or <c>.bin</c> file.</param>
    /// <param name="token">
    /// The token as it shall stand in prompts; null for the one that the file names, or else the file's name without its extension.
    /// </param>
    /// <returns>At least one.</returns>
    /// <exception cref="CheckpointException">The file is damaged, or holds something else, which the message names.</exception>
    /// <exception cref="ArgumentException">A token is given for a file of several, or is blank.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static IReadOnlyList<TextualInversion> Read(string path, string? token = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (token is not null) ArgumentException.ThrowIfNullOrWhiteSpace(token);
        using ITensorSource source = Checkpoint.Open(path);
        (string Token, Dictionary<string, string> Tensors)[] found = [.. BundledIn(source)];
        if (found.Length == 0) found = [(TokenOf(source), source.Entries.ToDictionary(e => e.Name, e => e.Name))];
        if (token is not null && found.Length > 1)
        {
            throw new ArgumentException(
                $"'{path}' has the embeddings {MessageText.List([.. found.Select(f => f.Token)])}; a token can be given for a file of one.",
                nameof(token));
        }

        return [.. found.Select(f => Read(source, token ?? f.Token, f.Tensors))];
    }

    /// <summary>
    /// Writes an embedding as diffusers does: one tensor under its token, [vectors, width], or for the text towers of SDXL
    /// <c>clip_l</c> and <c>clip_g</c>. Such a file does not hold the token: readers take the file's name for it.
    /// </summary>
    /// <param name="path">Path of the safetensors file; its folder exists.</param>
    /// <param name="embedding">The embedding.</param>
    /// <param name="type">Type of the values. Default float32.</param>
    /// <exception cref="ArgumentException">
    /// The token has a name that files use for something else, such as <c>emb_params</c> or <c>clip_l</c>.
    /// </exception>
    public static void Write(string path, TextualInversion embedding, ScalarType type = ScalarType.Float32)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(embedding);
        if (!EmbeddingNames.IsToken(embedding.Token))
            throw new ArgumentException(
                $"The token is '{embedding.Token}', which files of embeddings use for something else; expected another.",
                nameof(embedding));
        using DisposeScope scope = NewDisposeScope();
        var tensors = embedding.Embeddings.ToDictionary(
            e => e.Key == TextualInversion.OnlyTower ? embedding.Token : e.Key, e => tensor(e.Value));
        SafetensorsWriter.Write(path, tensors, new Dictionary<string, string> { ["format"] = "pt" }, type);
    }

    /// <summary>Reads the embeddings that a LoRA file bundles.</summary>
    /// <returns>None where it bundles none.</returns>
    internal static IReadOnlyList<TextualInversion> ReadBundled(string path)
    {
        using ITensorSource source = Checkpoint.Open(path);
        return [.. BundledIn(source).Select(f => Read(source, f.Token, f.Tensors))];
    }

    /// <summary>
    /// Tensors of each embedding next to LoRA patches, by their names without the prefix: <c>bundle_emb.TOKEN.…</c>, or marked in
    /// the metadata.
    /// </summary>
    private static IEnumerable<(string Token, Dictionary<string, string> Tensors)> BundledIn(ITensorSource source)
    {
        IReadOnlyDictionary<string, string> metadata = source.Texts;
        string[] names = [.. source.Entries.Select(e => e.Name)];
        foreach (string name in names.Where(name => metadata.GetValueOrDefault(name) == "<embed>"))
            yield return (name, new() { [name] = name });
        IEnumerable<string> bundled = names.Where(name => name.StartsWith(Bundled, StringComparison.Ordinal));
        foreach (IGrouping<string, string> embedding in bundled.GroupBy(name => name.Split('.', 3)[1]))
        {
            int prefix = Bundled.Length + embedding.Key.Length + 1;
            yield return (embedding.Key, embedding.ToDictionary(name => name.Length > prefix ? name[prefix..] : "", name => name));
        }
    }

    /// <summary>The token that a file names, or else the file's name.</summary>
    private static string TokenOf(ITensorSource source)
    {
        string? stored = (source as PickleCheckpoint)?.Texts.GetValueOrDefault("name");
        if (string.IsNullOrWhiteSpace(stored)
            && source.Entries.Count == 1 && source.Entries.First().Name is var only && EmbeddingNames.IsToken(only)) stored = only;
        return string.IsNullOrWhiteSpace(stored) ? Path.GetFileNameWithoutExtension(source.Path) : stored.Trim();
    }

    private static TextualInversion Read(ITensorSource source, string token, Dictionary<string, string> tensors)
    {
        if (EmbeddingNames.Towers(tensors.Keys) is not { } towers)
        {
            string names = MessageText.List([.. tensors.Keys.Select(name => $"'{name}'")]);
            throw new CheckpointException(source.Path, $"the tensors {names} are not an embedding; expected {EmbeddingNames.Expected}.");
        }

        var embeddings = towers.ToDictionary(t => t.Tower, t => Values(source, tensors[t.Tensor]));
        try
        {
            return new TextualInversion(token, embeddings, Path.GetFileName(source.Path));
        }
        catch (ArgumentException e)
        {
            throw new CheckpointException(source.Path, e.Message, e);
        }
    }

    private static float[,] Values(ITensorSource source, string name)
    {
        TensorEntry entry = source.Find(name)!;
        if (entry.Shape.Count is not (1 or 2) || entry.Shape.Contains(0))
        {
            string shape = string.Join(", ", entry.Shape);
            throw new CheckpointException(source.Path, $"'{name}' is [{shape}]; expected an embedding, [vectors, width] or [width].");
        }


        using Tensor stored = source.Read(name), wide = stored.to(ScalarType.Float32);
        float[] values = [.. wide.data<float>()];
        if (!values.All(float.IsFinite)) throw new CheckpointException(source.Path, $"'{name}' has values that are not finite numbers.");
        var rows = new float[entry.Shape.Count == 1 ? 1 : entry.Shape[0], entry.Shape[^1]];
        Buffer.BlockCopy(values, 0, rows, 0, values.Length * sizeof(float));
        return rows;
    }
}
