using System.CommandLine;
using LatentDiffusion.Judge;
using LatentDiffusion.Samples;

return await new RootCommand("Judges drawings by a classifier of subject, colour and attribute that was trained on drawings.")
{
    TrainCommand.Make(), AccuracyCommand.Make(), AdherenceCommand.Make(), FrechetCommand.Make(), QualityCommand.Make(),
    EyesCommand.Make(), VariantsCommand.Make(), SheetCommand.Make(),
}.RunAsync(args, "Stopped. Finished work is kept, and the same command continues.", finishes: true);
