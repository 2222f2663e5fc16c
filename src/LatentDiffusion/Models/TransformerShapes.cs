namespace LatentDiffusion.Models;

/// <summary>Numbers of a configuration, from the shapes of tensors.</summary>
/// <param name="network">The tensors under the names of the network's parameters.</param>
internal sealed class TransformerShapes(ITensorSource network)
{
    /// <summary>The rows of a tensor.</summary>
    /// <exception cref="CheckpointException">The tensor does not exist.</exception>
    public int Rows(string name) => Size(name, 0);

    /// <summary>The columns of a matrix.</summary>
    /// <exception cref="CheckpointException">The matrix does not exist.</exception>
    public int Columns(string name) => Size(name, 1);

    /// <summary>Whether there is a tensor.</summary>
    public bool Has(string name) => network.Find(name) is not null;

    /// <summary>Number of layers of a list.</summary>
    /// <param name="list">Name of the list.</param>
    /// <param name="tensor">A tensor that each layer has.</param>
    public int Count(string list, string tensor) =>
        Enumerable.Range(0, network.Entries.Count).TakeWhile(i => Has($"{list}.{i}.{tensor}")).Count();

    private int Size(string name, int dimension) => network.Find(name) is { } entry && entry.Shape.Count > dimension
        ? (int)Math.Clamp(entry.Shape[dimension], 0, int.MaxValue)
        : throw new CheckpointException(network.Path, $"it lacks '{name}', from which its configuration follows.");
}
