namespace LatentDiffusion.Jobs;

/// <summary>An image in an <see cref="IImageStore"/>.</summary>
/// <param name="Name">Its name in the store, for example <c>0198…/0.png</c>.</param>
/// <param name="MediaType">Its media type, for example <c>image/png</c>.</param>
/// <param name="Width">Width in pixels.</param>
/// <param name="Height">Height in pixels.</param>
/// <param name="Seed">The seed that gives this image separately; null for previews.</param>
public sealed record StoredImage(string Name, string MediaType, int Width, int Height, ulong? Seed = null);
