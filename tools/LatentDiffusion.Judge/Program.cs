using System.CommandLine;
using LatentDiffusion.Judge;
using LatentDiffusion.Samples;

return await new RootCommand("Judges drawings: a classifier of subject, colour and attribute that was trained on drawings alone.")
{
    TrainCommand.Make(), AccuracyCommand.Make(), AdherenceCommand.Make(), FrechetCommand.Make(), QualityCommand.Make(), VariantsCommand.Make(), SheetCommand.Make(),
}.RunAsync(args, "Stopped; what is done is kept, and the same command goes on from there.", finishes: true);
