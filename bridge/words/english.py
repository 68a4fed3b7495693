"""Every sentence that a person reads, in English, grouped by where it is said. Short, plain, no exclamation
marks."""

# What can go wrong: one sentence for each class in `bridge.errors` that people may read.
BRIDGE_ERROR = "Something went wrong here. Please try again."
SETTINGS_ERROR = "The bridge is not set up correctly. Its operator has been told."
STORE_ERROR = "The bridge cannot reach its memory right now. Please try again in a minute."
LEASE_LOST = "Another process of the bot goes on with this answer."
TOO_OLD = "The bot was away when this was asked. If it still matters, please ask again."
NOTHING_ASKED = "Write your question together with the mention, and it will be answered here."
UNFILLED = "This app needs some details first."
UNFILLED_FORM = "This app needs some details first: {names}."
UNFILLED_FILES = "This app needs some details first: {names}. Ask again with this attached."
LEAVING = "The bot is being restarted. Please try again in a minute."
NOT_FOR_YOU = "This is not open to you here. The operator of this bot decides who may use it."
DIFY_ERROR = "The AI service could not answer this. Please try again."
DIFY_UNREACHABLE = "The AI service cannot be reached right now. Please try again in a minute."
DIFY_SILENT = "The AI service stopped responding, so this answer ends here. Please try again."
DIFY_CUT = "The connection to the AI service broke, so this answer ends here. Please try again."
DIFY_BUSY = "The AI service is busy with other questions. Please try again in a minute."
DIFY_DOWN = "The AI service has a problem of its own right now. Please try again in a minute."
DIFY_KEY_REJECTED = "The AI service does not accept this bot's key. Its operator has to set a valid one."
DIFY_APP_CLOSED = "The AI app behind this bot is switched off. Its operator has to enable its API again."
DIFY_NOT_PUBLISHED = (
    "The AI app behind this bot has not been published yet. Its builder has to publish it first."
)
DIFY_WRONG_MODE = "The AI app behind this bot is of another kind. Its operator has to choose one that fits."
DIFY_QUOTA = "The quota of the AI service is used up. Its operator has to raise it."
DIFY_MODEL_FAILED = "The AI model failed while answering. Please try again."
DIFY_REJECTED = "The AI app did not accept this question. Try a shorter or a different one."
DIFY_INPUT_REFUSED = (
    "The AI app needs other details than it was given: one is missing, or is not of the right form."
)
DIFY_CONVERSATION_GONE = "The earlier part of this conversation is no longer there, so the bot starts afresh."
DIFY_NOT_THERE = "The AI service no longer knows what this is about."
DIFY_FILE_REFUSED = "The AI app does not take this file."
DIFY_FILE_GONE = "A file that the AI app made could not be fetched."
DIFY_FORM_OVER = "This was answered already, or its time is over."
DIFY_LACKS = "The AI app behind this bot does not offer this."
DIFY_NOT_DIFY = "The address of this bot's AI service is wrong. Its operator has to correct it."
PLATFORM_ERROR = "The chat service did not take this answer. Please try again."
FILE_UNREADABLE = "It could not be read from the chat."
FILE_EMPTY = "It is empty."
FILE_TOO_LARGE = "It is larger than what may be passed on."
SLACK_NO_FILE_SCOPE = (
    "It could not be read from the chat. The bot lacks the bot token scope files:read; its operator has to "
    "add it and install the app again."
)
SLACK_TOO_LATE = "This took too long. Please press it again."

# While an answer is on its way.
NEXT_IN_LINE = "Waiting, next in line"
IN_LINE = "Waiting, number {place} in line"
AWAY = "The AI service is away, asking again"
THINKING = "Thinking"
FETCHING_FILES = "Fetching files"
READING_ALOUD = "Reading it aloud"

# How an answer ended.
NO_WORDS = "The AI app ended without an answer. Please ask again in other words."
NO_MORE_WORDS = "The AI app went on with this decision, and had nothing more to say."
STOPPED = "This answer was stopped."
RESTARTING = "The bot is being restarted. This answer goes on in a moment."
GIVEN_UP = "Answering this has failed several times, so the bot has given it up. Please ask in another way."
QUESTION_TOO_LONG = (
    "That message is too long: up to {most} characters can be asked at once. Please shorten it."
)
NOTED = "This is noted for all that is asked in this thread."
DECIDED_ELSEWHERE = "The AI app waits for a decision that has to be made in Dify."
OPEN_UNTIL = "Open until {until} UTC."

# What stands below an answer.
STOP = "Stop"
GOOD_ANSWER = "Good answer"
BAD_ANSWER = "Bad answer"
SHOW_SOURCES = "Sources"
ASK_AGAIN = "Ask again"
READ_ALOUD = "Read aloud"
SAVE_AS_RIGHT = "Save as right answer"
FILL_IN = "Fill in"
SOURCES = "Sources:"
PAGE = ", page {page}"
MORE_SOURCES = ", and {number} more"
AND_MORE = "and {number} more"
UNNAMED = "unnamed"

# Files that people attach, and what they say in recordings.
A_FILE = "A file"
NOT_PASSED_ON = "{name} was not passed on. {reason}"
TAKES_NO_FILES = "The AI app behind this bot takes no files."
TAKES_ONE_FILE = "The AI app takes 1 file at once."
TAKES_SO_MANY_FILES = "The AI app takes {most} files at once."
TAKES_OTHER_FILES = "The AI app does not take this kind of file."
LARGER_THAN = "It is larger than {most} MB."
SEE_ATTACHED = "(see what is attached)"
UNHEARD = "{name} could not be listened to. {reason}"
DEAF = "The AI app behind this bot does not listen."
NOT_A_WORD = "Nothing in it could be understood."

# Files that the app made.
NOT_FETCHED = "{name} could not be fetched from the AI service."
NOT_SENT = "{name} could not be put here; the bot may not send files, or it is too large."
NOT_SENT_NOW = "{name} could not be put here, as the chat did not take it just now."

# What was filled into the app's form.
IS_MISSING = "{name} is missing."
IS_TOO_LONG = "{name} is too long: {most} characters at most."
MUST_BE_NUMBER = "{name} must be a number."
MUST_BE_ONE_OF = "{name} must be one of: {options}."
MUST_BE_JSON = "{name} must be a JSON object."

# What the bot says to commands.
HELP_NEW = "begin a new conversation in this thread"
HELP_FORGET = "the same, and delete the old one in Dify"
HELP_RENAME = "give the conversation a name, or let Dify find one"
HELP_HISTORY = "show what was said in this conversation"
HELP_VARIABLES = "show the conversation's variables"
HELP_SET = "set one of them: `!set name value`"
HELP_GENERATE = "fill in the app's form and get one result"
HELP_SPEAK = "read the last answer aloud"
HELP_STOP = "stop the answer that is being written; `stop` alone does, too"
HELP_HELP = "show this list"
BEGUN = "A new conversation begins with the next question."
FORGOTTEN = "This conversation is forgotten, here and in Dify."
NOTHING_YET = "There is no conversation in this thread yet."
NOTHING_RUNS = "Nothing is being answered here just now."
NO_VARIABLES = "This conversation has no variables."
NO_SUCH_VARIABLE = "This conversation has no variable of that name."
NOT_OF_ITS_KIND = "`{name}` takes another kind of value: {kind}."
HOW_TO_SET = "Write `!set name value`."
SET = "Set."
EMPTY = "(empty)"
CALLED = "This conversation is called “{title}” now."
FILL_IN_FORM = "Fill in the form, and the result will be put here."
NOTHING_TO_SPEAK = "There is no answer here that could be read aloud."

# What the bot says to whoever pressed something.
TOO_LONG_AGO = "This is too long ago; the bot does not remember it any more."
THANKS = "Thank you. You can change this at any time."
TAKEN_BACK = "Taken back."
NOT_RATED = "This could not be noted just now. Please try again."
SAVED = "Saved: from now on, this is what the app answers to that question."
NO_FORM = "There is nothing to fill in any more."
TOO_SLOW = "The AI service is slow just now. Please press again."

# Forms.
DETAILS = "Details"
SEND = "Send"
SAVE = "Save"
CANCEL = "Cancel"
CLOSE = "Close"
CONTINUE = "Continue"
YES = "Yes"
NO = "No"
ONE_OF = "One of: {options}"
THANK_YOU_FOR_TELLING = "Thank you for telling"
WHAT_WAS_WRONG = "What was wrong?"
SAVE_AS_THE_RIGHT_ANSWER = "Save as the right answer"
QUESTION = "Question"
THE_RIGHT_ANSWER = "The right answer"

# When somebody wants to know what an answer rests on.
NO_SOURCES = "Nothing is noted any more of what this answer rests on."

# When one of the platform's own commands is used.
ASK_TITLE = "Ask"
ASK_FIELD = "Your question"
ABOUT_TITLE = "Ask about this message"
ABOUT_MESSAGE = "The message"
ABOUT_QUESTION = "What should this message tell me, and what follows from it?"
NOTHING_TO_ASK = "There is nothing to ask yet: write a question."
NOTHING_TO_GENERATE = "The app that answers here has no form. Ask it in your own words."
NEXT_BEGINS = "There is no conversation here yet: the next question begins one."
EACH_BEGINS = "Each question that is asked here begins a conversation of its own."
NOT_YOURS_TO_STOP = "What is being answered here can be stopped by whoever asked it, or by a moderator."
STOPPED_ONE = "Stopped."
NOTHING_OF_YOURS = "Nothing of yours is being answered here just now."
TRY_AGAIN = "The AI service is slow just now. Please try again."

# In the list of the platform's own commands.
ANSWERED_BY = "Questions that are asked here are answered by {name}."
HELP_ASK = "ask a question"
HELP_STOP_YOURS = "stop the answer to your question"
WRITTEN_COMMANDS = "In a conversation, these can be written as well:"

# Said on Slack only.
SLACK_YOUR_FORM = "Your form"
SLACK_TOO_MUCH = "Too much is going on here just now. Please press it again in a minute."
SLACK_IN_DOUBT = (
    "The bot is slow just now, and it is not known whether this was taken. Please look before you repeat it."
)
SLACK_TAKEN = "It was taken. You can close this."
SLACK_PATIENCE = "One moment: the bot is still busy with what you sent."

# To whoever asks where the bot cannot speak, in private.
NOT_SHOWN = (
    "The chat service did not take the answer to your question. Please ask again, or in a direct message."
)
MAY_NOT_SPEAK = (
    "The bot may not write where you asked. Whoever runs the server has to give it there: {missing}. "
    "Until then, you can ask in a direct message."
)
REFUSED_TO_SPEAK = (
    "The bot may not write where you asked. Whoever runs the server can allow it there. "
    "Until then, you can ask in a direct message."
)
THREAD_LOCKED = "This thread is locked, so the bot cannot answer in it. You can ask in the channel."
SLOW_MODE = (
    "Slow mode is on where you asked: the bot can write there again in {minutes} min. "
    "Until then, you can ask in a direct message."
)

# What a Slack app says of itself.
SLACK_APP_NAME = "Dify"
SLACK_APP_SAYS = "Asks a Dify app, and answers in threads"
SLACK_AGENT_SAYS = (
    "Ask a question here, or mention me in a channel. Answers are made by an AI and can be wrong."
)
SLACK_COMMAND_SAYS = "Ask the bot, or tell it what to do"
SLACK_SHORTCUT_SAYS = "Asks the bot about what somebody wrote"

# Said on Discord only.
DISCORD_FORM = "Form"
DISCORD_FORM_LOST = "This form is no longer open here. Please press the button again that opened it."
DISCORD_PART_FILLED = "Part {number} of {count} is filled in."
DISCORD_ONE_MORE_FORM = "One more form."
DISCORD_SOMEONE = "someone"

# Discord's own commands. Names are one small word, as they are typed; descriptions have at most 100 signs.
DISCORD_ASK = "ask"
DISCORD_ASK_SAYS = "Ask a question. It is answered here."
DISCORD_QUESTION = "question"
DISCORD_QUESTION_SAYS = "What you would like to know"
DISCORD_NEW = "new"
DISCORD_NEW_SAYS = "Begin a new conversation here"
DISCORD_STOP = "stop"
DISCORD_STOP_SAYS = "End the answer that is being written here"
DISCORD_GENERATE = "generate"
DISCORD_GENERATE_SAYS = "Fill in the form of the app and have it answered"
DISCORD_HELP = "help"
DISCORD_HELP_SAYS = "What the bot can do, and how"

# What Discord shows of a command at once.
DISCORD_ASKED = "{person} asks:"
DISCORD_FILLED_IN = "{person} has filled in the form of the app."
DISCORD_ANSWER_THERE = "The answer comes here: {link}"
DISCORD_NOTED = "This is taken care of."
DISCORD_UNKNOWN_COMMAND = "The bot does not know this command any more."

# To whoever is not answered, in private.
FROM_OUTSIDE = "This bot answers only people of the organisation that it belongs to."
NOT_KNOWN = "It cannot be found out just now whether this is open to you. Please try again in a minute."
OVER_PERSON_HOUR = (
    "You have asked as many questions as one person may ask here in an hour ({limit}). "
    "You can ask again in {minutes} min."
)
OVER_PERSON_RUNNING = (
    "As many of your questions are being answered as may be at once ({limit}). "
    "You can ask again when one of them is done."
)
OVER_CHANNEL_HOUR = (
    "As many questions have been asked in this channel as may be in an hour ({limit}). "
    "You can ask again in {minutes} min."
)
OVER_CHANNEL_RUNNING = (
    "As many questions are being answered in this channel as may be at once ({limit}). "
    "You can ask again when one of them is done."
)

# In Slack, when a command or a shortcut is used.
SLACK_MAY_NOT_WRITE = (
    "The bot may not write here. Add it to the channel with /invite and its name, then ask again; or ask it "
    "in a direct message."
)

# At the head of a thread that somebody's command began.
SLACK_ASKED = "{person} asked:"
SLACK_FILLED = "{person} filled in a form:"

# In Slack's Home tab, and where an agent suggests what to ask.
HOME_PROMPTS = "You could ask"
HOME_RECENT = "Where you asked lately"
HOME_HELP = "What the bot understands"
HOME_EMPTY = "Write a message to the bot, or mention it in a channel."

# While an answer is being worked on, behind the name of the bot.
IS_THINKING = "is thinking…"

# While a question that was edited is answered anew.
ANSWERING_ANEW = "The question was edited, answering it anew"
# The pages on which the bot is installed.
INSTALLED = "The bot is installed in {workspace}. Mention it in a channel, or write to it directly."
INSTALL_CANCELLED = "The bot was not installed: it was not allowed to be. To begin again, go to {address}."
INSTALL_TOO_OLD = "This took too long, or was begun in another browser. Please begin again at {address}."
INSTALL_REFUSED = "Slack did not let the bot be installed. Please begin again at {address}."
INSTALL_DOWN = "The bot could not be installed just now. Please begin again in a minute, at {address}."

# What Discord calls what a bot may do, as people find it in the settings of their server.
DISCORD_VIEW_CHANNEL = "View Channel"
DISCORD_READ_HISTORY = "Read Message History"
DISCORD_SEND_MESSAGES = "Send Messages"
DISCORD_SEND_IN_THREADS = "Send Messages in Threads"
DISCORD_MANAGE_THREADS = "Manage Threads"
DISCORD_CREATE_THREADS = "Create Public Threads"
DISCORD_ATTACH_FILES = "Attach Files"
DISCORD_ADD_REACTIONS = "Add Reactions"
