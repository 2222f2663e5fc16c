using System.Net.Mime;

namespace LatentDiffusion;

/// <summary>A generated image with its metadata.</summary>
/// <example>
/// <code>
/// using LatentDiffusion;
///
/// using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseDrawingsModel().Build();
/// GeneratedImage image = pipeline.Generate(new GenerationRequest { Prompt = "a blue bird" }).Images[0];
/// image.SavePng("bird.png");
/// // The file contains the request, which generates the same image again.
/// GenerationRequest same = GenerationMetadata.ReadRequest(File.ReadAllBytes("bird.png"));
/// </code>
/// </example>
public sealed class GeneratedImage
{
    private readonly IImageCodec _codec;
    private readonly MetadataFormat _format;
    private readonly Dictionary<string, string> _untimed;

    /// <param name="image">The pixels.</param>
    /// <param name="request">The complete request for only this image.</param>
    /// <param name="timings">Timings of the whole generation.</param>
    /// <param name="components">Components of the pipeline.</param>
    internal GeneratedImage(ImageBuffer image, GenerationRequest request, GenerationTimings timings, PipelineComponents components)
    {
        (Image, Seed, _codec, _format) = (image, request.Seed!.Value, components.Codec, components.Options.MetadataFormat);
        Metadata = GenerationMetadata.Create(request, timings, components);
        _untimed = GenerationMetadata.Create(request, null, components);
        Parameters = WebUIMetadata.Create(request, components);
    }

    /// <summary>The pixels.</summary>
    public ImageBuffer Image { get; }

    /// <summary>The seed of this image, which gives the same image when it is generated separately.</summary>
    public ulong Seed { get; }

    /// <summary>
    /// Prompt, seed, settings of request and pipeline, and the timings of the generation, as they are written into files with
    /// <see cref="MetadataFormat.Native"/>; <see cref="GenerationMetadata.ToRequest"/> reads a request from them.
    /// </summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>
    /// The same settings in the form of Stable Diffusion web UI, whose text is <see cref="WebUIParameters.ToString"/>. Files contain it
    /// with <see cref="MetadataFormat.WebUI"/>, and <see cref="ImageSettings.FromParameters"/> reads a request from it.
    /// </summary>
    public WebUIParameters Parameters { get; }

    /// <summary>The image as the bytes of a PNG file, with its metadata.</summary>
    /// <param name="timings">
    /// Whether the file contains the timings. Without them one seed gives one file, byte for byte, with the same build, CPU features and
    /// number of libtorch threads. Default true.
    /// </param>
    public byte[] ToPng(bool timings = true) => _codec.EncodePng(Image, Texts(timings));

    /// <summary>The image as a file of some type, with its metadata.</summary>
    /// <param name="mediaType">One of the codec's <see cref="IImageCodec.MediaTypes"/>, for example <c>image/jpeg</c>.</param>
    /// <param name="quality">Quality of JPEG and WebP, 1 to 100; null, the default, for the codec's. PNG is always lossless.</param>
    /// <param name="timings">Whether the file contains the timings, as in <see cref="ToPng"/>. Default true.</param>
    /// <param name="format">
    /// Format of the settings in the file; null, the default, for the pipeline's (<see cref="DiffusionPipelineOptions.MetadataFormat"/>).
    /// </param>
    /// <exception cref="NotSupportedException">The pipeline's codec does not write this type; the message lists those it does.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="quality"/> is out of range.</exception>
    public byte[] Encode(
        string mediaType = MediaTypeNames.Image.Png, int? quality = null, bool timings = true, MetadataFormat? format = null) =>
        _codec.Encode(Image, mediaType, Texts(timings, format), quality);

    /// <summary>
    /// Writes the image as a PNG file, next to its path and renamed, so that no half-written file is ever there. A symbolic link
    /// is followed; a device or a pipe is written directly.
    /// </summary>
    /// <param name="path">Path of the file; its folder is created if it is missing.</param>
    /// <param name="timings">
    /// Whether the file contains the timings. Without them one seed gives one file, byte for byte, with the same build, CPU features and
    /// number of libtorch threads. Default true.
    /// </param>
    public void SavePng(string path, bool timings = true) => Write(path, () => ToPng(timings));

    /// <summary>
    /// Writes the image as the type of file that the extension names, with its metadata, in the same way as <see cref="SavePng"/>.
    /// </summary>
    /// <param name="path">
    /// Path of the file: <c>.png</c>, <c>.jpg</c>, <c>.jpeg</c> or <c>.webp</c>, in either case; PNG without an extension. Its folder is
    /// created if it is missing.
    /// </param>
    /// <param name="quality">Quality of JPEG and WebP, 1 to 100; null, the default, for the codec's. PNG is always lossless.</param>
    /// <param name="timings">Whether the file contains the timings, as in <see cref="SavePng"/>. Default true.</param>
    /// <exception cref="ArgumentException">The path is empty, or has another extension.</exception>
    /// <exception cref="NotSupportedException">The pipeline's codec does not write this type.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="quality"/> is out of range.</exception>
    public void Save(string path, int? quality = null, bool timings = true)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string mediaType = ImageMediaType.FromPath(path);
        Write(path, () => Encode(mediaType, quality, timings));
    }

    private static void Write(string path, Func<byte[]> encode)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        byte[] file = encode();
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder) Directory.CreateDirectory(folder);
        AtomicFile.Write(path, stream => stream.Write(file));
    }

    private Dictionary<string, string> Texts(bool timings, MetadataFormat? other = null)
    {
        MetadataFormat format = other ?? _format;
        Dictionary<string, string> texts = format == MetadataFormat.WebUI ? [] : new(timings ? Metadata : _untimed);
        if (format != MetadataFormat.Native) texts[WebUISettings.Key] = Parameters.ToString();
        return texts;
    }
}
