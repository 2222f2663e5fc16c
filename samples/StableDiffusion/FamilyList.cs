using System.CommandLine;
using System.CommandLine.Invocation;
using LatentDiffusion.Models;

namespace StableDiffusion;

/// <summary>Lists the families of models with the pipeline classes of their folders. The rest of the command line is not read.</summary>
internal sealed class FamilyList : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        foreach (ModelFamily family in ModelFamilies.All) Console.WriteLine($"{family.Name}: {string.Join(", ", family.PipelineClasses)}");
        Console.WriteLine("Each model has its own licence: see its model card, and docs/model-families.md for where that is.");
        return 0;
    }
}
