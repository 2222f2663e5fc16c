namespace LatentDiffusion.Runtime;

/// <summary>A part of a model that can say what its results follow from.</summary>
internal interface IContentKeyed
{
    /// <summary>The same for two parts only where weights, configuration and vocabulary are.</summary>
    string ContentKey { get; }
}
