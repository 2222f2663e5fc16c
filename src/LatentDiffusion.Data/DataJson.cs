using System.Text.Json.Serialization;

namespace LatentDiffusion.Data;

/// <summary>What an image index and the keys of caches hold as JSON.</summary>
[JsonSerializable(typeof(ImageIndex.Header))]
[JsonSerializable(typeof(ImageIndex.Entry))]
[JsonSerializable(typeof(PreparedImagesOptions))]
internal sealed partial class DataJson : JsonSerializerContext;
