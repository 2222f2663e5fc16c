using LatentDiffusion.Jobs.Worker;

// A worker of a durable queue as a process that tests kill, the same images without a queue, and a long run of several workers.
switch (args)
{
    case ["work", var database, var connection, var store]:
        await WorkCommand.RunAsync(new QueueLocation(database, connection, store));
        return 0;
    case ["alone", var folder, var count]:
        await AloneCommand.RunAsync(folder, int.Parse(count, null));
        return 0;
    case ["soak", var database, var jobs, var kills]:
        return await SoakCommand.RunAsync(database, int.Parse(jobs, null), int.Parse(kills, null));
    default:
        Console.Error.WriteLine(
            "work sqlite|postgres <path or connection> <image folder>\nalone <folder> <jobs>\nsoak sqlite|postgres <jobs> <kills>");
        return 2;
}
