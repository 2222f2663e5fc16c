namespace LatentDiffusion;

/// <summary>Finds and opens the image encoder of an adapter, once for all adapters of a pipeline that share it.</summary>
/// <param name="options">How networks are loaded.</param>
internal sealed class ImageEncoderSearch(CheckpointOptions options)
{
    private const string Folder = "image_encoder", Shared = "models";

    private readonly Dictionary<string, ImageEncoder> _opened = new(StringComparer.Ordinal);

    /// <summary>The encoders that were opened, which the pipeline owns.</summary>
    public IReadOnlyCollection<ImageEncoder> Opened => _opened.Values;

    /// <summary>The encoder of an adapter; null where none is named and none is found.</summary>
    /// <param name="choice">The adapter.</param>
    /// <param name="network">Its network.</param>
    /// <exception cref="InvalidOperationException">The encoder gives another width than the adapter reads.</exception>
    public ImageEncoder? Find(IpAdapterChoice choice, IpAdapterNetwork network)
    {
        string[] places = choice.ImageEncoder is { } named ? [named] : [.. Published(choice.File).Where(Directory.Exists)];
        if (places.Length == 0) return null;
        // Files for both encoders lie in one folder, and only the configurations show which is the right one.
        string place = places.Length == 1 ? places[0] : places.FirstOrDefault(folder => Fits(folder, network)) ?? places[0];
        ImageEncoder encoder = Open(place);
        long width = encoder.WidthOf(network.ReadsHiddenStates), read = network.InputWidth;
        string kind = network.ReadsHiddenStates ? "hidden states" : "embeddings";
        return width == read ? encoder : throw new InvalidOperationException(
            $"The IP-Adapter in '{choice.File}' reads {kind} of width {read}; the image encoder in '{place}' gives {width}.");
    }

    private static IEnumerable<string> Published(string file)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        yield return Path.Combine(folder, Folder);
        if (Path.GetDirectoryName(folder) is { } outer) yield return Path.Combine(outer, Shared, Folder);
    }

    private static bool Fits(string folder, IpAdapterNetwork network)
    {
        string path = Path.Combine(folder, DiffusersComponent.ConfigFile);
        if (!File.Exists(path)) return false;
        ClipVisionConfig config = PublishedJson.Named(path, () => ClipVisionConfig.FromJson(PublishedJson.ReadText(path)));
        return ImageEncoder.WidthOf(config, network.ReadsHiddenStates) == network.InputWidth;
    }

    private ImageEncoder Open(string place)
    {
        string path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(place));
        if (_opened.TryGetValue(path, out ImageEncoder? known)) return known;
        ClipVisionModel network = ClipVisionReader.Read(path, options);
        return _opened[path] = new ImageEncoder(network, place);
    }
}
