using LatentDiffusion.Tests.Checkpoints;
using LatentDiffusion.Tests.Reference;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>A folder for each family with tiny networks, whose weights follow from their names.</summary>
public sealed class FamilyFolders : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>The folder of a family, written when it is first asked for.</summary>
    public string this[string family]
    {
        get
        {
            string path = _folder[family];
            if (Directory.Exists(path)) return path;
            using ModelComponents made = Make(family);
            DiffusersFolder.Write(made, path);
            return path;
        }
    }

    /// <summary>The networks of a family.</summary>
    internal static ModelComponents Make(string family)
    {
        ModelComponents made = TinyModels.Make(family);
        foreach ((_, nn.Module network) in made.Networks) FormulaWeights.Fill(network);
        return made;
    }

    public void Dispose() => _folder.Dispose();
}
