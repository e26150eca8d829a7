-- Which rules held for which message, and what they set: rules are judged by what people corrected afterwards. No personal data, so
-- it stays when a message is erased.
CREATE TABLE rule_hits (
    inbox_id BIGINT NOT NULL,
    rule TEXT NOT NULL,
    -- What the rule set and nobody set after it, of intent, queue, priority, article; with commas between. Empty for nothing of these.
    effects TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (inbox_id, rule)
);
CREATE INDEX rule_hits_rule ON rule_hits (rule, at, effects);

-- How many wait in a queue.
CREATE INDEX tickets_load ON tickets (queue) WHERE status IN ('new', 'open');
