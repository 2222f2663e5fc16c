namespace LatentDiffusion.Benchmarks;

/// <summary>One of the engines that are compared, with a network and its inputs ready.</summary>
internal interface IPeerEngine : IDisposable
{
    /// <summary>Evaluates the network once.</summary>
    /// <returns>Its output, row-major.</returns>
    float[] Evaluate();
}
