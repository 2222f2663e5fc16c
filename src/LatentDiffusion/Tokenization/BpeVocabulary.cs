using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace LatentDiffusion.Tokenization;

/// <summary>
/// A byte-pair encoding vocabulary in CLIP's format: tokens with their ids, and merges in order of rank. A token at the end of a
/// word carries <see cref="EndOfWord"/>.
/// </summary>
/// <param name="Tokens">Id of each token.</param>
/// <param name="Merges">Pairs of tokens to join, in order of priority.</param>
public sealed record BpeVocabulary(IReadOnlyDictionary<string, int> Tokens, IReadOnlyList<(string Left, string Right)> Merges)
{
    /// <summary>Marks a token that ends a word.</summary>
    public const string EndOfWord = "</w>";

    /// <summary>Begins every prompt.</summary>
    public const string StartToken = "<|startoftext|>";

    /// <summary>Ends every prompt.</summary>
    public const string EndToken = "<|endoftext|>";

    internal const string TokensFile = "vocab.json", MergesFile = "merges.txt", CombinedFile = "tokenizer.json";

    private static readonly PlainJson s_json = new(new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    private static readonly PlainJson s_reading = new(new JsonSerializerOptions { AllowDuplicateProperties = false });

    /// <summary>Reads <c>vocab.json</c> and <c>merges.txt</c> from a folder, or a <c>tokenizer.json</c> with both.</summary>
    /// <param name="folder">Path of the folder, for example <c>tokenizer</c> of a diffusers folder.</param>
    /// <exception cref="InvalidDataException">A file is not in CLIP's format; the message says why.</exception>
    /// <exception cref="CheckpointException">A file was left by a failed download, for example a Git LFS pointer.</exception>
    public static BpeVocabulary Open(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string combined = Path.Combine(folder, CombinedFile);
        if (!File.Exists(Path.Combine(folder, TokensFile)) && File.Exists(combined)) return CombinedVocabulary.Read(combined);
        foreach (string file in (string[])[TokensFile, MergesFile]) FailedDownload.ThrowIf(Path.Combine(folder, file));
        using FileStream tokens = File.OpenRead(Path.Combine(folder, TokensFile));
        using FileStream merges = File.OpenRead(Path.Combine(folder, MergesFile));
        return PublishedJson.Named(folder, () => Read(tokens, merges));
    }

    /// <summary>Reads the contents of <c>vocab.json</c> and <c>merges.txt</c>.</summary>
    /// <param name="tokens">A JSON object of ids by token.</param>
    /// <param name="merges">A pair of tokens per line; a first line that begins with <c>#version</c> is skipped.</param>
    /// <exception cref="InvalidDataException">A stream is not in CLIP's format; the message says why.</exception>
    public static BpeVocabulary Read(Stream tokens, Stream merges)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(merges);
        try
        {
            Dictionary<string, int> ids = JsonSerializer.Deserialize(tokens, s_reading.DictionaryStringInt32)
                ?? throw new InvalidDataException($"{TokensFile} holds null where an object of ids by token is expected.");
            return new BpeVocabulary(ids, ReadMerges(merges));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new InvalidDataException($"{TokensFile} is not a JSON object of ids by token: {MessageText.Truncate(e.Message, 300)}", e);
        }
    }

    /// <summary>Whether a folder has a vocabulary's files.</summary>
    internal static bool IsIn(string folder) =>
        File.Exists(Path.Combine(folder, TokensFile)) || File.Exists(Path.Combine(folder, CombinedFile));

    /// <summary>Writes <c>vocab.json</c> and <c>merges.txt</c> to a folder, each atomically.</summary>
    /// <param name="folder">Path of the folder; created if missing.</param>
    public void Save(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Directory.CreateDirectory(folder);
        AtomicFile.Write(Path.Combine(folder, TokensFile), stream =>
            JsonSerializer.Serialize(stream, Tokens.OrderBy(t => t.Value).ToDictionary(), s_json.DictionaryStringInt32));
        AtomicFile.Write(Path.Combine(folder, MergesFile), stream =>
        {
            using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
            writer.WriteLine("#version: 0.2");
            foreach ((string left, string right) in Merges) writer.WriteLine($"{left} {right}");
        });
    }

    private static List<(string, string)> ReadMerges(Stream merges)
    {
        var pairs = new List<(string, string)>();
        using var reader = new StreamReader(merges, Encoding.UTF8, leaveOpen: true);
        for (int number = 1; reader.ReadLine() is { } line; number++)
        {
            if (line.Length == 0 || (number == 1 && line.StartsWith("#version", StringComparison.Ordinal))) continue;
            pairs.Add(line.Split(' ') is [{ Length: > 0 } left, { Length: > 0 } right]
                ? (left, right)
                : throw new InvalidDataException($"Line {number} of {MergesFile} is not two tokens with a space between."));
        }

        return pairs;
    }
}
