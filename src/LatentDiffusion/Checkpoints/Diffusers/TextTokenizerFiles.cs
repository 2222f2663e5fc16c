using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// The contents of a <c>tokenizer</c> folder of the transformers library: <c>tokenizer.json</c>, or <c>vocab.json</c> and
/// <c>merges.txt</c> (Qwen2, GPT-2), or a SentencePiece model (T5), with the files that name special tokens.
/// </summary>
public sealed class TextTokenizerFiles
{
    private const string Combined = "tokenizer.json", Config = "tokenizer_config.json", Special = "special_tokens_map.json",
        Added = "added_tokens.json";

    /// <summary>Longest file that is read, in bytes.</summary>
    internal const int MaximumLength = 1 << 26;

    private static readonly string[] s_sentencePiece = ["spiece.model", "tokenizer.model"];

    /// <summary>Names of tokens that a file may give a meaning.</summary>
    private static readonly string[] s_special = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token"];

    private readonly string _folder;
    private readonly OrderedDictionary<string, byte[]> _files;
    private readonly string? _padding;

    private TextTokenizerFiles(string folder, OrderedDictionary<string, byte[]> files, string? padding)
    {
        (_folder, _files, _padding) = (folder, files, padding);
        ClassName = Text(Object(Config), "tokenizer_class") ?? (
            files.Keys.Any(s_sentencePiece.Contains) ? "T5TokenizerFast" : "Qwen2TokenizerFast");
    }

    /// <summary>The published class of the tokenizer, for example <c>T5TokenizerFast</c>.</summary>
    public string ClassName { get; }

    /// <summary>Reads the files of a folder. What is in them is looked at by <see cref="Build"/>.</summary>
    /// <param name="folder">Path of the folder.</param>
    /// <exception cref="InvalidDataException">
    /// The folder has no vocabulary, or a file is not of its form; the message names it and says why.
    /// </exception>
    /// <exception cref="NotSupportedException">The tokenizer has a part of a kind that is not supported; the message names it.</exception>
    /// <exception cref="CheckpointException">A file was left by a failed download, for example a Git LFS pointer.</exception>
    public static TextTokenizerFiles Open(string folder) => Open(folder, padding: null);

    /// <summary>The same for a folder, or for a vocabulary by itself.</summary>
    /// <param name="path">Path of the folder, or of a tokenizer's JSON file or SentencePiece model.</param>
    /// <param name="padding">The token that fills prompts where the files name none; null for none.</param>
    internal static TextTokenizerFiles Open(string path, string? padding)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new TextTokenizerFiles(path, File.Exists(path) ? ReadFile(path) : ReadFolder(path), padding);
    }

    private static OrderedDictionary<string, byte[]> ReadFile(string path)
    {
        FailedDownload.ThrowIf(path);
        string name = path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? Combined : s_sentencePiece[0];
        return new OrderedDictionary<string, byte[]>(StringComparer.Ordinal) { [name] = RegularFile.Read(path, MaximumLength) };
    }

    private static OrderedDictionary<string, byte[]> ReadFolder(string folder)
    {
        var files = new OrderedDictionary<string, byte[]>(StringComparer.Ordinal);
        string[] known =
            [Combined, BpeVocabulary.TokensFile, BpeVocabulary.MergesFile, .. s_sentencePiece, Config, Special, Added];
        foreach (string name in known)
        {
            string path = Path.Combine(folder, name);
            if (!File.Exists(path)) continue;
            FailedDownload.ThrowIf(path);
            files.Add(name, RegularFile.Read(path, MaximumLength));
        }

        return files;
    }

    /// <summary>Builds the tokenizer.</summary>
    /// <exception cref="InvalidDataException">A file is not of its form, or they do not fit together; the message says why.</exception>
    /// <exception cref="NotSupportedException">The tokenizer has a part of a kind that is not supported; the message names it.</exception>
    public TextTokenizer Build()
    {
        JsonElement? config = Object(Config), special = Object(Special);
        TokenizerDefinition definition = Define(config);
        definition = definition.With(FurtherTokens(config, special, definition));
        string? padding = Text(config, "pad_token") ?? Text(special, "pad_token")
            ?? new[] { "<pad>", _padding }.FirstOrDefault(token => token is not null && definition.IdOf(token) is not null);
        return PublishedJson.Named(_folder, () => new TextTokenizer(definition, padding, ContentKey, PadsLeft(config)));
    }

    /// <summary>Writes the files.</summary>
    /// <param name="folder">Path of the folder; created if missing.</param>
    public void Save(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Directory.CreateDirectory(folder);
        foreach ((string name, byte[] content) in _files)
            AtomicFile.Write(Path.Combine(folder, name), stream => stream.Write(content));
    }

    private string ContentKey
    {
        get
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach ((string name, byte[] content) in _files)
            {
                hash.AppendData(Encoding.UTF8.GetBytes($"{name}:{content.Length}:"));
                hash.AppendData(content);
            }

            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
    }

    /// <summary>Llama's tokenizers pad on the left where their files do not say.</summary>
    private bool PadsLeft(JsonElement? config) => Text(config, "padding_side") is { } side
        ? side == "left"
        : ClassName.StartsWith("Llama", StringComparison.Ordinal);

    private TokenizerDefinition Define(JsonElement? config)
    {
        if (_files.ContainsKey(Combined))
            return Named(Combined, () => TokenizerJsonReader.Read(Object(Combined)!.Value));
        if (_files.TryGetValue(BpeVocabulary.TokensFile, out byte[]? tokens)
            && _files.TryGetValue(BpeVocabulary.MergesFile, out byte[]? merges))
        {
            return Named(BpeVocabulary.TokensFile, () => BytePairFiles.Define(
                ClassName, BpeVocabulary.Read(new MemoryStream(tokens), new MemoryStream(merges))));
        }

        if (s_sentencePiece.FirstOrDefault(_files.ContainsKey) is { } name)
            return Named(name, () => T5Conventions.Define(ClassName, SentencePieceFile.Read(_files[name]), config));
        throw new InvalidDataException(
            $"{_folder} has no vocabulary: expected {Combined}, {BpeVocabulary.TokensFile} with {BpeVocabulary.MergesFile}, "
            + $"or {s_sentencePiece[0]}.");
    }

    /// <summary>Added tokens that the other files have.</summary>
    private List<AddedToken> FurtherTokens(JsonElement? config, JsonElement? special, TokenizerDefinition definition)
    {
        var tokens = new List<AddedToken>();
        Named(Config, () =>
        {
            if (config?.Find("added_tokens_decoder") is not { ValueKind: JsonValueKind.Object } decoder) return 0;
            foreach (JsonProperty entry in decoder.EnumerateObject())
            {
                if (!int.TryParse(entry.Name, out int id) || id < 0)
                    throw new InvalidDataException($"'{MessageText.Truncate(entry.Name, 100)}' is not the id of a token.");
                tokens.Add(TokenizerJsonReader.ReadAdded(entry.Value, id));
            }

            return 0;
        });
        Named(Added, () =>
        {
            if (Object(Added) is not { } added) return 0;
            foreach (JsonProperty entry in added.EnumerateObject())
                tokens.Add(new AddedToken(entry.Value.ToId(entry.Name), entry.Name));
            return 0;
        });
        foreach (JsonElement? file in (JsonElement?[])[config, special])
        {
            foreach (string name in s_special)
                if (Text(file, name) is { } text && definition.IdOf(text) is { } id) tokens.Add(new AddedToken(id, text));
        }

        return tokens;
    }

    private JsonElement? Object(string name) => _files.TryGetValue(name, out byte[]? content)
        ? Named(name, () => PublishedJson.Parse(Encoding.UTF8.GetString(content).TrimStart('\uFEFF')))
        : null;

    private T Named<T>(string name, Func<T> read) => PublishedJson.Named(Path.Combine(_folder, name), read);

    /// <summary>A token is a text, or an object with its text and how it is stripped.</summary>
    private static string? Text(JsonElement? file, string name) => file?.FindText(name) ?? file?.Find(name)?.FindText("content");
}
