namespace LatentDiffusion.Hub;

/// <summary>A server answered the request for a part of a file with the whole file.</summary>
internal sealed class RangesIgnoredException : Exception;
