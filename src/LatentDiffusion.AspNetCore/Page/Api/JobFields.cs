namespace LatentDiffusion.AspNetCore.Page;

/// <summary>The fields of a posted job by their names, from JSON or a form: texts, and the bytes of image files.</summary>
internal sealed class JobFields
{
    public const string Model = "model", PreviewEvery = "preview_every", MediaType = "media_type", Quality = "quality";

    private static readonly string[] s_own = [Model, PreviewEvery, MediaType, Quality];

    private readonly Dictionary<string, string> _texts = [];

    private readonly Dictionary<string, List<byte[]>> _images = [];

    /// <summary>Texts by name.</summary>
    public IReadOnlyDictionary<string, string> Texts => _texts;

    /// <summary>Whether a field has images, not a text.</summary>
    public static bool IsImage(string name) => RequestImages.Names.Contains(name);

    /// <summary>Adds a text.</summary>
    /// <exception cref="JobRequestException">There is no such field, or it was added before.</exception>
    public void Add(string name, string text)
    {
        if (!s_own.Contains(name) && !RequestTexts.Names.Contains(name)) throw Unknown(name);
        if (!_texts.TryAdd(name, text)) throw new JobRequestException(name, $"{name} is given twice.");
    }

    /// <summary>Adds an image file to a field, which may have several.</summary>
    /// <exception cref="JobRequestException">There is no such field of images.</exception>
    public void Add(string name, byte[] image)
    {
        if (!IsImage(name)) throw Unknown(name);
        if (!_images.TryGetValue(name, out List<byte[]>? images)) _images.Add(name, images = []);
        images.Add(image);
    }

    /// <summary>The images of a field, none if it is not given.</summary>
    public IReadOnlyList<byte[]> Images(string name) => _images.GetValueOrDefault(name) ?? [];

    private static JobRequestException Unknown(string name)
    {
        string shown = MessageText.Truncate(name, 100);
        return new JobRequestException(
            shown, $"'{shown}' is unknown; known are {string.Join(", ", [.. s_own, .. RequestTexts.Names, .. RequestImages.Names])}.");
    }
}
